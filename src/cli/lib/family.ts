// A command that is a family: `twinlog topics list|create|…`. Each member is a file of its own, loaded when it is asked for.
import { type Command, exitCodes, UsageError } from './command.ts'

export type Members = Readonly<Record<string, { summary: string; load(): Promise<{ command: Command }> }>>

/** Runs the member that the first argument names. */
export async function runFamily(family: string, members: Members, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    process.stderr.write(familyHelp(family, members))
    return exitCodes.usage
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(familyHelp(family, members))
    return exitCodes.done
  }
  const member = Object.hasOwn(members, name) ? members[name] : undefined
  if (!member) throw new UsageError(`unknown command ${family} ${name}; there are: ${Object.keys(members).join(', ')}`)
  const { command } = await member.load()
  return command.run(rest)
}

function familyHelp(family: string, members: Members): string {
  const width = Math.max(...Object.keys(members).map((name) => name.length))
  const rows = Object.entries(members).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `${family} COMMAND\n\n${rows.join('\n')}\n\n${family} COMMAND --help tells more.\n`
}
