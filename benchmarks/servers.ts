// The servers under test, each a process of its own on a fresh directory: ours as built, and peers. A peer that is not there is named and left out.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
/** Apache Kafka is started by a script beside the project. */
const realKafka = resolve(root, '../shared/tools/real-kafka')

/** A running server. */
export interface Server {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

export interface Usage {
  cpuSeconds: number
  /** Anonymous memory, and all of it with mapped files, in bytes. */
  anonymousBytes: number
  residentBytes: number
}

/** A way to start one. */
export interface ServerKind {
  readonly name: string
  /** How it treats the disk, for the table. */
  readonly durability: string
  /** Null where it can be started here; else why not. */
  missing(): string | null
  start(directory: string): Promise<Server>
}

export const bundle = join(root, 'dist/bundle/main.cjs')

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening))
  const { port } = probe.address() as { port: number }
  await new Promise((closed) => probe.close(closed))
  return port
}

/** The arguments that start ours on a directory. */
export const ourArguments = (directory: string, port: number): string[] => [
  bundle,
  ...(directory === 'memory' ? ['--memory'] : ['--data', join(directory, 'data')]),
  '--kafka',
  `127.0.0.1:${port}`,
  '--aws',
  '127.0.0.1:0',
  '--admin',
  '127.0.0.1:0',
  '--set',
  'log.level=error',
]

export const twinlog: ServerKind = {
  name: 'twinlog',
  durability: 'synced',
  missing: () => (existsSync(bundle) ? null : 'not built: npm run build'),
  async start(directory) {
    const port = await freePort()
    const child = spawn(process.execPath, ourArguments(directory, port), { stdio: ['ignore', 'pipe', 'inherit'] })
    await firstLine(child, 'ready')
    return { name: 'twinlog', host: '127.0.0.1', port, pid: child.pid!, stop: () => stopChild(child) }
  },
}

function kafka(name: string, durability: string, settings: string[]): ServerKind {
  return {
    name,
    durability,
    missing: () => (existsSync(realKafka) ? null : 'no script that starts Apache Kafka beside the project'),
    async start(directory) {
      const port = await freePort()
      const place = ['--port', String(port), '--dir', join(directory, 'kafka')]
      const sets = ['auto.create.topics.enable=false', ...settings].flatMap((setting) => ['--set', setting])
      const line = execFileSync(realKafka, ['start', ...place, ...sets], { encoding: 'utf8' })
      const pid = Number(/pid (\d+)/.exec(line)?.[1])
      return {
        name,
        host: '127.0.0.1',
        port,
        pid,
        stop: async () => void execFileSync(realKafka, ['stop', ...place, '--wipe'], { stdio: 'ignore' }),
      }
    },
  }
}

export const peers: readonly ServerKind[] = [kafka('kafka', 'not synced', []), kafka('kafka-synced', 'synced', ['log.flush.interval.messages=1'])]

function firstLine(child: ChildProcess, word: string): Promise<void> {
  return new Promise((ready, failed) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes(`"${word}"`)) ready()
    })
    child.once('exit', (code) => failed(new Error(`the server ended with ${code} before it was ready`)))
  })
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((exited) => child.once('exit', exited))
  child.kill('SIGTERM')
  await gone
}

/** A fresh directory, removed afterwards. */
export async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'twinlog-bench-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What a process has used so far, with all its threads. Zeros where the system has no /proc. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024
    // Clock ticks are hundredths of a second on every Linux that Node runs on.
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, anonymousBytes: kilobytes('RssAnon'), residentBytes: kilobytes('VmRSS') }
  } catch {
    return { cpuSeconds: 0, anonymousBytes: 0, residentBytes: 0 }
  }
}
