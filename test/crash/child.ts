// A small program on a store of its own: bundled once, run on one directory again and again, and killed each time at a random moment after it said that it is ready.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect } from 'vitest'

const here = import.meta.dirname
// Inside node_modules, so that the bundle finds lmdb.
const cache = join(here, '../../node_modules/.cache/crash')

/** How long it lives once it is ready: at least so long, and up to so much longer. */
export interface Life {
  leastMs: number
  spreadMs: number
}

export interface Child {
  readonly directory: string
  /** One life. The whole lines that it said, as words. */
  liveAndDie(life: number): Promise<string[][]>
}

/** The program in `test/crash/NAME.ts`, for the tests of one file. It is given the directory and the number of its life. */
export function childOf(name: string, { leastMs, spreadMs }: Life): Child {
  const program = join(cache, `${name}.mjs`)
  const directory = mkdtempSync(join(tmpdir(), `twinlog-${name}-`))

  beforeAll(async () => {
    mkdirSync(cache, { recursive: true })
    const kind = { bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external' } as const
    await build({ entryPoints: [join(here, `${name}.ts`)], outfile: program, ...kind })
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  return {
    directory,
    async liveAndDie(life) {
      const child = spawn(process.execPath, [program, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      let armed = false
      child.stdout.on('data', (data: Buffer) => {
        said += data.toString()
        if (armed || !said.includes('ready')) return
        armed = true
        setTimeout(() => child.kill('SIGKILL'), leastMs + Math.random() * spreadMs)
      })
      expect(await new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)))).toBe('SIGKILL')
      return said
        .slice(0, said.lastIndexOf('\n'))
        .split('\n')
        .map((line) => line.split(' '))
    },
  }
}
