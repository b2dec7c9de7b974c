// The built product in a process of its own, for tests: started on free ports, watched, and ended whatever happens.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const executable = fileURLToPath(new URL('../../dist/bundle/main.cjs', import.meta.url))
if (!existsSync(executable)) throw new Error('dist/bundle/main.cjs is missing: npm run build')

export interface Ready {
  msg: string
  kafka: string
  aws: string
  admin: string
  pid: number
  startMs: number
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A running process of the product. */
export class Product {
  readonly child: ChildProcess
  /** Settles when it has ended and said its last word. */
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  #listeners: (() => void)[] = []

  /** `script: null` runs Node itself with the arguments; `stderr` is a descriptor that it gets instead of being heard. */
  constructor(args: readonly string[], options: { env?: Record<string, string>; cwd?: string; script?: null; stderr?: number } = {}) {
    const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env }
    this.child = spawn(process.execPath, options.script === null ? [...args] : [executable, ...args], {
      env,
      ...(options.cwd && { cwd: options.cwd }),
      stdio: ['pipe', 'pipe', options.stderr ?? 'pipe'],
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#heard('stdout', text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#heard('stderr', text))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        running.delete(this)
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
        for (const listener of this.#listeners) listener()
      })
    })
    running.add(this)
  }

  /** Waits until its output holds what is looked for; rejects when it ends before. */
  async until<Found>(look: (product: this) => Found | undefined | null | false): Promise<Found> {
    for (;;) {
      const found = look(this)
      if (found) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        await this.ended
        const last = look(this)
        if (last) return last
        throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => this.#listeners.push(resolve))
    }
  }

  ready(): Promise<Ready> {
    return this.until(() => {
      const line = /^(\{.*"msg":"ready".*\})\n/m.exec(this.stdout)?.[1]
      return line === undefined ? null : (JSON.parse(line) as Ready)
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  #heard(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }
}

const running = new Set<Product>()

/** For afterEach: nothing outlives its test. */
export async function endAll(): Promise<void> {
  const left = [...running]
  for (const product of left) product.child.kill('SIGKILL')
  await Promise.all(left.map((product) => product.ended))
}

/** The lines of a log that have this level. */
export const logLines = (text: string, wanted: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ level }) => level === wanted)

export const freePorts = ['--kafka', '127.0.0.1:0', '--aws', '127.0.0.1:0', '--admin', '127.0.0.1:0'] as const

/** A broker on free ports. */
export const startProduct = (args: readonly string[] = ['--memory'], options: { env?: Record<string, string>; cwd?: string } = {}): Product =>
  new Product([...freePorts, ...args], options)

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string | Buffer } = {},
): Promise<Ended> {
  const product = new Product(args, options)
  product.child.stdin!.on('error', () => {})
  product.child.stdin!.end(options.input ?? '')
  return product.ended
}
