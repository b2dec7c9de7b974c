// The built broker as a process of its own, on a data directory that outlives it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { reservedPort } from '../../benchmarks/reserved-port.ts'

const executable = resolve(import.meta.dirname, '../../dist/bundle/main.cjs')
/** Without `npm run build` there is nothing to kill. */
export const isBuilt = existsSync(executable)

export interface Running {
  child: ChildProcess
  kafka: string
  aws: string
}

/** Started and ready, for the first time. */
export const start = async (data: string): Promise<Running> => startAt(data, { kafka: await reservedPort(), aws: await reservedPort() })

async function startAt(data: string, ports: { kafka: number; aws: number }): Promise<Running> {
  const addresses = ['--kafka', `127.0.0.1:${ports.kafka}`, '--aws', `127.0.0.1:${ports.aws}`, '--admin', '127.0.0.1:0']
  const child = spawn(process.execPath, [executable, '--data', data, ...addresses], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout!) {
    text += String(chunk)
    const line = text.split('\n').find((one) => one.includes('"ready"'))
    if (!line) continue
    const { kafka, aws } = JSON.parse(line) as { kafka: string; aws: string }
    return { child, kafka, aws }
  }
  throw new Error(`the broker ended before it was ready: ${text}`)
}

/** kill -9, and the same directory and ports again. */
export async function killAndStart({ child, kafka, aws }: Running, data: string): Promise<Running> {
  child.kill('SIGKILL')
  await once(child, 'exit')
  return startAt(data, { kafka: Number(kafka.split(':').at(-1)), aws: Number(new URL(aws).port) })
}
