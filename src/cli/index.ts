// The commands of `twinlog`. Each is loaded when it is asked for, so that starting a broker loads nothing of the others.
import { exitCodes, UsageError } from './lib/command.ts'

const commands = {
  start: { summary: 'Run a broker (the default)', run: async (args: readonly string[]) => (await import('./start.ts')).command.run(args) },
  config: {
    summary: 'Show every setting: value, source, default, meaning',
    run: async (args: readonly string[]) => (await import('./config.ts')).command.run(args),
  },
  topics: {
    summary: 'List, create, describe, alter and delete topics',
    run: async (args: readonly string[]) => {
      const [{ runFamily }, { topicsCommands }] = await Promise.all([import('./lib/family.ts'), import('./topics/index.ts')])
      return runFamily('twinlog topics', topicsCommands, args)
    },
  },
  produce: {
    summary: 'Produce lines of a file or of standard input',
    run: async (args: readonly string[]) => (await import('./produce.ts')).command.run(args),
  },
  consume: { summary: 'Print the records of a topic', run: async (args: readonly string[]) => (await import('./consume.ts')).command.run(args) },
  groups: {
    summary: 'List and describe groups, reset their offsets, delete them',
    run: async (args: readonly string[]) => {
      const [{ runFamily }, { groupsCommands }] = await Promise.all([import('./lib/family.ts'), import('./groups/index.ts')])
      return runFamily('twinlog groups', groupsCommands, args)
    },
  },
  streams: {
    summary: 'List, create, describe, reshard and delete streams',
    run: async (args: readonly string[]) => {
      const [{ runFamily }, { streamsCommands }] = await Promise.all([import('./lib/family.ts'), import('./streams/index.ts')])
      return runFamily('twinlog streams', streamsCommands, args)
    },
  },
} as const

/** Runs what the arguments ask for. Answers the exit code; failures are thrown. */
export async function runCli(args: readonly string[]): Promise<number> {
  const [first = '', ...rest] = args
  if (first === '--version' || first === '-v' || first === 'version') {
    process.stdout.write(`${(await import('../version.ts')).version}\n`)
    return exitCodes.done
  }
  if (first === 'help') {
    if (rest.length > 0) return runCli([...rest, '--help'])
    process.stdout.write(await helpText())
    return exitCodes.done
  }
  if (first === '--help' || first === '-h') {
    process.stdout.write(await helpText())
    return exitCodes.done
  }
  if (first === '' || first.startsWith('-')) return commands.start.run(args)
  if (Object.hasOwn(commands, first)) return commands[first as keyof typeof commands].run(rest)
  throw new UsageError(`unknown command ${first}; there are: ${Object.keys(commands).join(', ')}`)
}

async function helpText(): Promise<string> {
  const { command } = await import('./start.ts')
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)}  ${summary}`)
  return `twinlog: a Kafka broker and a Kinesis endpoint on one log.\n\ntwinlog COMMAND [options]\n\n${rows.join('\n')}\n\ntwinlog COMMAND --help tells more, twinlog --version the version. Without a command, start:\n\n${command.help}`
}
