// The program. Runs a command and turns what it throws into a message and an exit code; the commands are cli/index.ts's.
// bundle/build.ts makes one CommonJS file of it: so no await at the top level of anything that it imports.
import { runCli } from './cli/index.ts'

/** Errors that tell a person what to do are printed as they are; anything else is a fault of ours, and comes with its stack. */
const codes: Readonly<Record<string, number>> = { UsageError: 2, SettingsInvalid: 2, CommandError: 1 }

function failure(error: unknown): { text: string; code: number } {
  if (!(error instanceof Error)) return { text: String(error), code: 1 }
  const code = codes[error.name]
  return code === undefined ? { text: error.stack ?? error.message, code: 1 } : { text: `twinlog: ${error.message}`, code }
}

// Ends as soon as the output is out: a stopped broker leaves nothing behind, but a client's library may.
runCli(process.argv.slice(2)).then(
  (code) => process.stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    const { text, code } = failure(error)
    process.stderr.write(`${text}\n`, () => process.exit(code))
  },
)
