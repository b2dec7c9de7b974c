#!/usr/bin/env node
// The executable, `twinlog`: runs the bundled program with its compiled code. What the program does is main.ts's.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadProgram } from './compiled.ts'

loadProgram(dirname(fileURLToPath(import.meta.url))).run(createRequire(import.meta.url))
