// Start: from the process's start to the first acknowledged record, held against a Node that does nothing; and memory at rest.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Figures, Scenario } from './scenario.ts'
import { freePort, ourArguments, stopChild, usageOf } from './servers.ts'
import { batchOf, checkProduced, createTopic, produceFrame, Wire } from './wire.ts'

const restMs = 2000

async function start(directory: string): Promise<Figures> {
  const port = await freePort()
  const startedMs = performance.now()
  const child = spawn(process.execPath, ourArguments(directory, port), { stdio: ['ignore', 'ignore', 'inherit'], env: bareEnvironment() })
  const wire = await reach('127.0.0.1', port)
  await createTopic(wire, 'bench', 1)
  checkProduced(await wire.send(produceFrame('bench', 0, batchOf(1, 1000, 1), -1)))
  const ms = performance.now() - startedMs
  wire.close()
  await new Promise((rested) => setTimeout(rested, restMs))
  const { residentBytes, anonymousBytes } = usageOf(child.pid!)
  await stopChild(child)
  return { 'first record ms': ms, 'resident MB at rest': residentBytes / 1e6, 'anonymous MB at rest': anonymousBytes / 1e6 }
}

/** Without what makes every Node start slower: extra certificates are read before the first line runs. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
  return environment
}

async function reach(host: string, port: number): Promise<Wire> {
  for (;;) {
    try {
      return await Wire.open(host, port)
    } catch {
      await new Promise((again) => setTimeout(again, 1))
    }
  }
}

async function bareNode(): Promise<Figures> {
  const startedMs = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: bareEnvironment() }), 'exit')
  return { 'first record ms': performance.now() - startedMs }
}

export const startScenarios: readonly Scenario[] = [
  {
    name: 'start',
    about: 'from an empty directory to the first acknowledged record; the baseline is `node -e 0`',
    headline: { figure: 'first record ms', more: 'worse' },
    baseline: { name: 'node -e 0', run: bareNode },
    run: () => Promise.reject(new Error('starts itself')),
    startsItself: (_kind, _knobs, directory) => start(directory),
  },
]
