// The executable: one bundled program and its compiled code, without which it must run as well.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { codeFile, loadProgram, programFile } from '../../src/bundle/compiled.ts'
import { executable } from './process.ts'

const bundle = dirname(executable)
let copy = ''

/** Beside the bundle, so that packages are found. */
function copied(): string {
  copy = mkdtempSync(join(bundle, '..', 'bundle-copy-'))
  for (const file of [executable, programFile(bundle)]) copyFileSync(file, file.replace(bundle, copy))
  return copy
}

afterEach(() => copy && rmSync(copy, { recursive: true, force: true }))

const versionOf = (directory: string): string => execFileSync(process.execPath, [join(directory, 'main.cjs'), '--version'], { encoding: 'utf8' })

describe('the compiled code of the program', () => {
  test.skipIf(!existsSync(codeFile(bundle)))('is taken by the Node.js that built it', () => {
    expect(loadProgram(bundle).script.cachedDataRejected).toBe(false)
  })

  test('is not needed: another Node.js compiles anew', () => {
    expect(versionOf(copied())).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('is not taken when it is of another program, or broken', () => {
    const directory = copied()
    writeFileSync(codeFile(directory), Buffer.alloc(4096, 7))
    expect(versionOf(directory)).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(loadProgram(directory).script.cachedDataRejected).toBe(true)
  })
})
