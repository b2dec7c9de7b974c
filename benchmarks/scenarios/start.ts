// Start: from the process's start to the first acknowledged record, on nothing and on a log that kill -9 left; and memory at rest.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { reservedPort } from '../reserved-port.ts'
import { type Figures, type Knobs, type Scenario, scaled } from '../scenario.ts'
import { answers, bareEnvironment, endChild, type ServerKind, usageOf } from '../servers.ts'
import { batchOf, checkProduced, createTopic, produceFrame, Wire } from '../wire.ts'
import { fillTopic } from './consume.ts'

const restMs = 2000

async function start(kind: ServerKind, knobs: Knobs, directory: string, full: boolean): Promise<Figures> {
  const ports = { kafka: await reservedPort(), aws: await reservedPort() }
  kind.prepare?.(directory, ports, {})
  if (full) await fillAndKill(kind, knobs.bytes, directory, ports)
  const startedMs = performance.now()
  const child = kind.launch(directory, ports, {})
  try {
    await answers(child, 'kafka', ports)
    const answeredMs = performance.now() - startedMs
    const wire = await Wire.open('127.0.0.1', ports.kafka)
    await createTopic(wire, 'first', 1)
    checkProduced(await wire.send(produceFrame('first', [{ partition: 0, batch: batchOf(1, 1000, 1) }], -1)))
    const firstRecordMs = performance.now() - startedMs
    wire.close()
    await new Promise((rested) => setTimeout(rested, scaled(restMs, knobs)))
    const { residentBytes, anonymousBytes } = usageOf(child.pid!)
    return {
      'first record ms': firstRecordMs,
      'port open ms': answeredMs,
      'resident MB at rest': residentBytes / 1e6,
      'anonymous MB at rest': anonymousBytes / 1e6,
    }
  } finally {
    await endChild(child, 'SIGTERM')
  }
}

async function fillAndKill(kind: ServerKind, bytes: number, directory: string, ports: { kafka: number; aws: number }): Promise<void> {
  const child = kind.launch(directory, ports, {})
  try {
    await answers(child, 'kafka', ports)
    const wire = await Wire.open('127.0.0.1', ports.kafka)
    await fillTopic(wire, bytes)
    wire.close()
  } finally {
    await endChild(child, 'SIGKILL')
  }
}

/** What no server in Node can be below. */
async function bareNode(): Promise<Figures> {
  const startedMs = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: bareEnvironment() }), 'exit')
  return { 'first record ms': performance.now() - startedMs }
}

const shared = { family: 'start-all', door: 'kafka', headline: { figure: 'first record ms', more: 'worse' } } as const

export const startScenarios: readonly Scenario[] = [
  {
    ...shared,
    name: 'start',
    about: 'from an empty directory to the first acknowledged record; the baseline is `node -e 0`',
    references: [{ name: 'node -e 0', run: bareNode }],
    runStart: (kind, knobs, directory) => start(kind, knobs, directory, false),
  },
  {
    ...shared,
    name: 'start-full',
    about: 'the same on what kill -9 left of --megabytes',
    needsDisk: true,
    runStart: (kind, knobs, directory) => start(kind, knobs, directory, true),
  },
]
