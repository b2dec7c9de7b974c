#!/usr/bin/env node
// The executable. Runs a command and turns what it throws into a message and an exit code; the commands are cli/index.ts's.
import { runCli } from './cli/index.ts'

/** Errors that tell a person what to do are printed as they are; anything else is a fault of ours, and comes with its stack. */
const codes: Readonly<Record<string, number>> = { UsageError: 2, SettingsInvalid: 2, CommandError: 1 }

try {
  process.exitCode = await runCli(process.argv.slice(2))
  // A stopped broker leaves nothing behind; should a library of a client's, the exit code is known and output is on its way.
  process.stdout.write('', () => process.exit())
} catch (error) {
  const known = error instanceof Error ? codes[error.name] : undefined
  const text = error instanceof Error ? (known === undefined ? (error.stack ?? error.message) : error.message) : String(error)
  process.stderr.write(`${known === undefined ? '' : 'twinlog: '}${text}\n`)
  process.exitCode = known ?? 1
  process.stderr.write('', () => process.exit())
}
