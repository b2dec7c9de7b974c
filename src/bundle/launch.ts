#!/usr/bin/env node
// The executable, `twinlog`: runs the bundled program with its compiled code. What the program does is main.ts's.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadProgram } from './compiled.ts'

// package.json says so too, but npm only warns, and what is missing would show in the middle of something.
const nodeMajorMin = 20
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  process.stderr.write(`twinlog: Node.js ${nodeMajorMin} or newer is needed; this is ${process.versions.node} (${process.execPath})\n`)
  process.exit(1)
}

loadProgram(dirname(fileURLToPath(import.meta.url))).run(createRequire(import.meta.url))
