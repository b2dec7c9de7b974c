// The bundled program and its compiled code, which lies beside it. Compiling 1.5 MB of JavaScript takes a fifth of a start; V8 can keep the result.
// Used by launch.ts, which runs the program, and by build.ts, which makes both files.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

/** The program: an expression that evaluates to a Program, after a comment. */
export const programFile = (directory: string): string => join(directory, 'program.js')

/** What program.js is: what a CommonJS module finds around itself are its parameters. */
export type Program = (require: NodeJS.Require, filename: string, directory: string) => void

/** The program begins with a comment of so many hexadecimal digits, its digest: V8 would run the code of any other program of the same length. */
export const digestLength = 16

export const readProgram = (directory: string): string => readFileSync(programFile(directory), 'latin1')

/** What stack traces call it wherever it lies: compiled code would tell the directory of the build. */
const shownName = 'twinlog/program.js'

/** Code of one program, compiled by one V8 on one kind of processor, is of no use to another, which finds no file of its own and compiles. */
export function codeFile(directory: string, program: string): string {
  return join(directory, `program-${program.slice(2, 2 + digestLength)}-${process.versions.v8}-${process.arch}.code`)
}

/** Reads the program, compiled if it has been. V8 checks that the code is its own and of this source, and compiles where it is not. */
export function loadProgram(directory: string): { script: Script; run(require: NodeJS.Require): void } {
  const filename = programFile(directory)
  // All but comments is ASCII, as esbuild writes it, and is read without being decoded.
  const program = readProgram(directory)
  let cachedData: Buffer | undefined
  try {
    cachedData = readFileSync(codeFile(directory, program))
  } catch {
    // Another Node.js than the one that built: compiling costs 30 ms.
  }
  const script = new Script(program, { filename: shownName, ...(cachedData ? { cachedData } : {}) })
  return {
    script,
    run(require) {
      const start = script.runInThisContext() as Program
      start(require, filename, dirname(filename))
    },
  }
}
