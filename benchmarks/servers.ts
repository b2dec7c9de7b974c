// The servers under test: each a process of its own on a fresh directory, started, asked until it answers, killed and started again. Which ones there are: ours
// here, the others in peers.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { awsOnce } from './aws-wire.ts'
import { reservedPort } from './reserved-port.ts'
import type { Door } from './scenario.ts'
import { Wire } from './wire.ts'

export const root = resolve(import.meta.dirname, '../..')
export const bundle = join(root, 'dist/bundle/main.cjs')

const answerWaitMsMax = 60_000

export interface Ports {
  readonly kafka: number
  readonly aws: number
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
  /** How it treats the disk, for the table: `synced`, `not synced`, `memory`. */
  readonly durability: string
  readonly doors: readonly Door[]
  /** Makes it ready to be launched (builds, downloads). Null where it can be; else why not. Called once. */
  obtain(): string | null
  /** What has to be done to a fresh directory and is no part of a start. */
  prepare?(directory: string, ports: Ports, settings: Readonly<Record<string, string>>): void
  /** Starts the process, without waiting for anything. */
  launch(directory: string, ports: Ports, settings: Readonly<Record<string, string>>): ChildProcess
}

/** A running server. */
export interface Server {
  readonly kind: ServerKind
  readonly host: string
  readonly ports: Ports
  readonly directory: string
  readonly pid: number
  /** SIGKILL, then a start on the same directory and ports. Settles when it answers. */
  killAndStart(): Promise<void>
  stop(): Promise<void>
}

/** The arguments that start ours on a directory. */
const ourArguments = (executable: string, directory: string, ports: Ports, settings: Readonly<Record<string, string>>): string[] => [
  executable,
  ...(directory === 'memory' ? ['--memory'] : ['--data', join(directory, 'data')]),
  ...['--kafka', `127.0.0.1:${ports.kafka}`, '--aws', `127.0.0.1:${ports.aws}`, '--admin', '127.0.0.1:0', '--set', 'log.level=error'],
  ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
]

/** Without what makes every Node start slower: extra certificates are read before the first line runs. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
  return environment
}

function ours(name: string, durability: string, place: (directory: string) => string, executable = bundle): ServerKind {
  return {
    name,
    durability,
    doors: ['kafka', 'aws'],
    obtain: () => (existsSync(executable) ? null : `${executable} is not built: npm run build`),
    launch: (directory, ports, settings) =>
      spawn(process.execPath, ourArguments(executable, place(directory), ports, settings), {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: bareEnvironment(),
      }),
  }
}

export const twinlog = ours('twinlog', 'synced', (directory) => directory)
export const twinlogMemory = ours('twinlog-memory', 'memory', () => 'memory')
/** Another build of ours, for a before beside an after: BENCH_BEFORE is its clone. */
export const twinlogBefore = ours(
  'twinlog-before',
  'synced',
  (directory) => directory,
  join(process.env['BENCH_BEFORE'] ?? 'BENCH_BEFORE', 'dist/bundle/main.cjs'),
)

/** Starts a server and waits until the door answers. */
export async function startServer(kind: ServerKind, door: Door, directory: string, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  const ports = { kafka: await reservedPort(), aws: await reservedPort() }
  kind.prepare?.(directory, ports, settings)
  let child = kind.launch(directory, ports, settings)
  await answers(child, door, ports)
  return {
    kind,
    host: '127.0.0.1',
    ports,
    directory,
    get pid() {
      return child.pid!
    },
    async killAndStart() {
      await endChild(child, 'SIGKILL')
      child = kind.launch(directory, ports, settings)
      await answers(child, door, ports)
    },
    stop: () => endChild(child, 'SIGTERM'),
  }
}

/** Settles when the door answers a request; fails when the process ends or takes too long. */
export async function answers(child: ChildProcess, door: Door, { kafka, aws }: Ports): Promise<void> {
  const deadlineMs = performance.now() + answerWaitMsMax
  for (;;) {
    try {
      if (door === 'aws') await awsOnce('127.0.0.1', aws, 'ListStreams', {})
      else (await Wire.open('127.0.0.1', kafka)).close()
      return
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} before it answered`)
      if (performance.now() > deadlineMs) throw new Error(`no answer within ${answerWaitMsMax} ms: ${error}`)
    }
    await new Promise((again) => setTimeout(again, 1))
  }
}

export async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((exited) => child.once('exit', exited))
  child.kill(signal)
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await gone
  clearTimeout(patience)
}

/** A fresh directory, removed afterwards. */
export async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'twinlog-bench-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** What a process has used so far, with all its threads. Zeros where the system has no /proc. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024
    // Clock ticks are hundredths of a second on every Linux that Node runs on.
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, anonymousBytes: bytes('RssAnon'), residentBytes: bytes('VmRSS') }
  } catch {
    return { cpuSeconds: 0, anonymousBytes: 0, residentBytes: 0 }
  }
}
