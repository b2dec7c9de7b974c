// The executable: one bundled program and its compiled code, without which it must run as well.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { codeFile, loadProgram, programFile, readProgram } from '../../src/bundle/compiled.ts'
import { executable } from './process.ts'

const bundle = dirname(executable)
const root = resolve(bundle, '../..')
let copy = ''

/** Beside the bundle, so that packages are found. */
function copied(): string {
  copy = mkdtempSync(join(bundle, '..', 'bundle-copy-'))
  for (const file of [executable, programFile(bundle)]) copyFileSync(file, file.replace(bundle, copy))
  return copy
}

afterEach(() => copy && rmSync(copy, { recursive: true, force: true }))

const versionOf = (directory: string): string => execFileSync(process.execPath, [join(directory, 'main.cjs'), '--version'], { encoding: 'utf8' })

describe('the executable', () => {
  test('says which Node.js it needs, to one that is too old', () => {
    const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } })"
    const started = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, executable, '--version'], {
      encoding: 'utf8',
    })
    expect(started.stderr).toBe(`twinlog: Node.js 20 or newer is needed; this is 18.20.8 (${process.execPath})\n`)
    expect([started.status, started.stdout]).toEqual([1, ''])
  })
})

describe('the compiled code of the program', () => {
  test.skipIf(!existsSync(codeFile(bundle, readProgram(bundle))))('is taken by the Node.js that built it', () => {
    expect(loadProgram(bundle).script.cachedDataRejected).toBe(false)
  })

  test('tells nothing of where it was built', () => {
    // With what lies in it: the path of a clone alone may be any word.
    const told = ['dist', 'src', 'storage', 'protocol', 'node_modules'].map((folder) => join(root, folder, '/'))
    for (const file of readdirSync(bundle)) {
      const bytes = readFileSync(join(bundle, file))
      expect(
        told.filter((path) => bytes.includes(path)),
        file,
      ).toEqual([])
    }
  })

  test('is not needed: another Node.js compiles anew', () => {
    expect(versionOf(copied())).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('belongs to one text of the program', () => {
    const program = readFileSync(programFile(bundle), 'utf8')
    const tag = program.slice(0, program.indexOf('*/') + 2)
    expect(tag).toMatch(/^\/\*[0-9a-f]{16}\*\/$/)
    expect(tag.slice(2, -2)).toBe(createHash('sha256').update(program.slice(tag.length)).digest('hex').slice(0, 16))
  })

  test('is not taken when it is broken', () => {
    const directory = copied()
    writeFileSync(codeFile(directory, readProgram(directory)), Buffer.alloc(4096, 7))
    expect(versionOf(directory)).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(loadProgram(directory).script.cachedDataRejected).toBe(true)
  })
})
