// The library as a package: who can import it, and whether TypeScript finds its declarations from where it is imported. What a broker then does is library.test.ts's.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as library from '../../src/index.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
let project: string

/** Somebody's project that depends on twinlog. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'twinlog-package-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(root, join(project, 'node_modules/twinlog'))
  writeFileSync(join(project, 'package.json'), '{}')
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const startAndClose = `createBroker().then(async (broker) => { console.log(broker.brokers.length); await broker.close() })`

async function node(file: string, text: string, ...flags: string[]): Promise<string> {
  writeFileSync(join(project, file), text)
  return (await run(process.execPath, [...flags, file], { cwd: project })).stdout.trim()
}

describe('the package', () => {
  it('is required by CommonJS where require cannot load ES modules, as in Jest and Node.js before 20.19', async () => {
    const flag = '--no-experimental-require-module'
    const flags = process.allowedNodeEnvironmentFlags.has(flag) ? [flag] : []
    expect(await node('required.cjs', `const { createBroker } = require('twinlog')\n${startAndClose}`, ...flags)).toBe('1')
  })

  it('is imported by ES modules, by each of its names', async () => {
    const names = Object.keys(library).sort()
    expect(await node('imported.mjs', `import { ${names} } from 'twinlog'\n${startAndClose}`)).toBe('1')
    expect(await node('names.cjs', `console.log(Object.keys(require('twinlog')).sort().join())`)).toBe(names.join())
  })

  const typed = `import { type Broker, createBroker, ManualClock, type SettingsInput } from 'twinlog'
const settings: SettingsInput = { 'num.partitions': 4 }
export async function f(): Promise<Broker> {
  // @ts-expect-error: an option that does not exist is seen, so that the types are there
  await createBroker({ setings: settings })
  return createBroker({ settings, clock: new ManualClock() })
}
`
  it.each([
    ['ES modules and CommonJS on Node.js', 'node16', 'node16', ['typed.mts', 'typed.cts']],
    ['a bundler', 'esnext', 'bundler', ['typed.ts']],
  ])('has types for %s', async (_, module, resolution, files) => {
    for (const file of files) writeFileSync(join(project, file), typed)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', module, '--moduleResolution', resolution, '--types', 'node']
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), ...options, '--typeRoots', join(root, 'node_modules/@types'), ...files]
    const { stdout } = await run(process.execPath, tsc, { cwd: project }).catch((failed: { stdout: string }) => failed)
    expect(stdout).toBe('')
  })
})
