// Runs the bundled program as launch.ts does, and answers what V8 has compiled of it when the parent process asks: compile.ts's other half.
import { createRequire } from 'node:module'
import { loadProgram } from './compiled.ts'

// The first argument is for this file, the others are the program's.
const [directory = ''] = process.argv.splice(2, 1)
const { script, run } = loadProgram(directory)
process.once('message', () => process.send?.(script.createCachedData()))
run(createRequire(`${directory}/`))
