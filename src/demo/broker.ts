// The broker of the demo: the built product in a process and a directory of its own, gone afterwards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface DemoBroker {
  kafka: string
  aws: string
  startMs: number
  stop(): Promise<void>
}

const executable = fileURLToPath(new URL('../../bundle/main.cjs', import.meta.url))

/** Starts it on free ports and waits for its ready line. */
export async function startDemoBroker(): Promise<DemoBroker> {
  const directory = await mkdtemp(join(tmpdir(), 'twinlog-demo-'))
  const anywhere = ['kafka', 'aws', 'admin'].flatMap((door) => [`--${door}`, '127.0.0.1:0'])
  const child = spawn(process.execPath, [executable, '--data', directory, ...anywhere, '--set', 'log.level=warn'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const remove = () => rm(directory, { recursive: true, force: true })
  process.once('exit', () => child.kill('SIGKILL'))
  try {
    const ready = await Promise.race([readyLine(child.stdout), ended.then(([code]) => Promise.reject(new Error(`the broker ended with ${code}`)))])
    return {
      ...ready,
      async stop() {
        child.kill('SIGTERM')
        await ended
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function readyLine(output: AsyncIterable<Buffer>): Promise<{ kafka: string; aws: string; startMs: number }> {
  let text = ''
  for await (const chunk of output) {
    text += chunk.toString()
    const line = text.split('\n').find((one) => one.includes('"msg":"ready"'))
    if (line && text.includes('\n')) return JSON.parse(line) as { kafka: string; aws: string; startMs: number }
  }
  throw new Error('the broker said nothing')
}
