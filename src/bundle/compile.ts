// Makes the program's compiled code: runs a broker from it up to its first acknowledged record, and keeps what V8 compiled on the way.
// What a start does not use stays uncompiled, so that the file holds no more than a start reads.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import kafkajs from 'kafkajs'
import { overlookPastTimers } from '../past-timers.ts'
import { codeFile, readProgram } from './compiled.ts'

/** Writes the program's code as this Node.js compiles it. */
export async function compileProgram(bundleDirectory: string): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'twinlog-build-'))
  const anywhere = ['kafka', 'aws', 'admin'].flatMap((door) => [`--${door}`, '127.0.0.1:0'])
  const child = fork(fileURLToPath(new URL('warm.js', import.meta.url)), [bundleDirectory, 'start', '--data', data, ...anywhere], {
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TWINLOG_'))),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the program ended with ${code} before its code was kept`)))
  try {
    const address = await Promise.race([kafkaAddress(child), ended])
    await produceOne(address)
    const code = once(child, 'message') as Promise<[Uint8Array]>
    child.send('which code is compiled?')
    const file = codeFile(bundleDirectory, readProgram(bundleDirectory))
    writeFileSync(`${file}.new`, (await Promise.race([code, ended]))[0])
    renameSync(`${file}.new`, file)
  } finally {
    ended.catch(() => {})
    child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
}

async function kafkaAddress(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { msg, kafka } = JSON.parse(line) as { msg: string; kafka: string }
    if (msg === 'ready') return kafka
  }
  throw new Error('the program did not become ready')
}

async function produceOne(address: string): Promise<void> {
  overlookPastTimers()
  const client = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING })
  const producer = client.producer({ allowAutoTopicCreation: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'first', messages: [{ value: 'record' }] })
  await producer.disconnect()
}
