// What a command is: its options, its help, and how its arguments are read. Printing and clients are beside this file.
import { parseArgs } from 'node:util'

/** One option of a command. */
export interface OptionFacts {
  type: 'string' | 'boolean'
  short?: string
  multiple?: boolean
  /** How the value is called in the help: HOST:PORT. */
  value?: string
  help: string
}

export type OptionTable = Readonly<Record<string, OptionFacts>>

type ValueOf<Facts extends OptionFacts> = Facts['type'] extends 'boolean' ? boolean : Facts['multiple'] extends true ? string[] : string

/** What was given, by option name. */
export type OptionValues<Table extends OptionTable> = { readonly [Name in keyof Table]?: ValueOf<Table[Name]> }

/** A command that can be run. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  readonly help: string
  /** Runs it; the number is the exit code. */
  run(args: readonly string[]): Promise<number>
}

export interface CommandFacts<Table extends OptionTable> {
  /** `twinlog topics create TOPIC...` */
  usage: string
  summary: string
  /** Paragraphs after the summary. */
  details?: string
  options: Table
  examples?: readonly string[]
  /** How many arguments may stand beside the options. */
  positionals?: { min: number; max: number }
  run(values: OptionValues<Table>, positionals: readonly string[]): Promise<number> | number
}

/** What was asked for cannot be understood: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What was asked for could not be done: exit code 1. The message is for a person. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** Exit codes, as the shell's own tools use them. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const

const helpOption = { help: { type: 'boolean', short: 'h', help: 'Show this help.' } } as const

/** Makes a command from its declaration; `--help` comes with it. */
export function defineCommand<const Table extends OptionTable>(facts: CommandFacts<Table>): Command {
  const help = helpText(facts)
  return {
    summary: facts.summary,
    help,
    async run(args) {
      const { values, positionals } = read(facts, args)
      if (values['help']) {
        process.stdout.write(help)
        return exitCodes.done
      }
      const { min, max } = facts.positionals ?? { min: 0, max: 0 }
      if (positionals.length < min) throw new UsageError(`something is missing: ${facts.usage}`)
      if (positionals.length > max) throw new UsageError(`unexpected argument ${positionals[max]}: ${facts.usage}`)
      return facts.run(values as OptionValues<Table>, positionals)
    },
  }
}

function read<Table extends OptionTable>(facts: CommandFacts<Table>, args: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {}
  for (const [name, { type, short, multiple }] of Object.entries<OptionFacts>({ ...facts.options, ...helpOption })) {
    options[name] = { type, ...(short && { short }), ...(multiple && { multiple }) }
  }
  try {
    return parseArgs({ args: withNegativeNumbers(args, options), options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(usageMessage(error, Object.keys(options), facts.usage))
  }
}

/** `--offset -10`: a number below zero is a value, not an option, though parseArgs takes it for one. */
function withNegativeNumbers(args: readonly string[], options: Readonly<Record<string, { type: string; short?: string }>>): string[] {
  const takesValue = (arg: string): boolean =>
    Object.entries(options).some(
      ([name, { type, short }]) => type === 'string' && (arg === `--${name}` || (short !== undefined && arg === `-${short}`)),
    )
  const joined: string[] = []
  for (let i = 0; i < args.length; i++) {
    const [arg = '', next] = args.slice(i, i + 2)
    if (next !== undefined && /^-\d+$/.test(next) && takesValue(arg)) {
      joined.push(arg.startsWith('--') ? `${arg}=${next}` : `${arg}${next}`)
      i++
    } else joined.push(arg)
  }
  return joined
}

/** What other tools, and `twinlog start`, call our options. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  bootstrap: ['kafka', 'broker', 'brokers', 'broker-list', 'server'],
  kafka: ['port', 'listen', 'listeners'],
  data: ['dir', 'directory', 'log-dir', 'log-dirs'],
}

/** parseArgs's own texts speak of positional arguments and back-slashes; these speak of the option. */
function usageMessage(error: unknown, known: readonly string[], usage: string): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  const option = /'(?:-\w, )?(--?[^\s'=]+)/.exec(message)?.[1] ?? ''
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const bare = option.replace(/^-+/, '')
    const meant = known.filter((name) => otherNames[name]?.includes(bare))
    const near = meant.length > 0 ? meant : known.filter((name) => name.startsWith(bare.slice(0, 3)) || bare.startsWith(name))
    const hint =
      near.length > 0
        ? `; did you mean ${near.map((name) => `--${name}`).join(' or ')}?`
        : bare.includes('.')
          ? `; settings are given with --set ${bare}=VALUE`
          : ''
    return `unknown option ${option}${hint}\nusage: ${usage}`
  }
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return `${message.split('\n')[0]?.replace(/^Option /, '')}\nusage: ${usage}`
  return `${message}\nusage: ${usage}`
}

function helpText({ usage, summary, details, options, examples }: CommandFacts<OptionTable>): string {
  const rows = Object.entries<OptionFacts>({ ...options, ...helpOption }).map(([name, { short, type, value, help }]) => {
    const spelt = `${short ? `-${short}, ` : '    '}--${name}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`
    return { spelt, help }
  })
  const width = Math.max(...rows.map(({ spelt }) => spelt.length))
  const lines = [`${usage}`, '', summary]
  if (details) lines.push('', details)
  lines.push('', 'Options:', ...rows.map(({ spelt, help }) => `  ${spelt.padEnd(width)}  ${help}`))
  if (examples?.length) lines.push('', 'Examples:', ...examples.map((example) => `  ${example}`))
  return `${lines.join('\n')}\n`
}

/** A whole number given for an option. */
export function wholeNumber(text: string | undefined, option: string, min = 0): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < min)
    throw new UsageError(`${option} ${text} is not a whole number from ${min}`)
  return value
}

/** One of a few words given for an option. */
export function wordOf<const Word extends string>(words: readonly Word[], text: string | undefined, option: string): Word | undefined {
  if (text === undefined) return undefined
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw new UsageError(`${option} ${text} is not one of ${words.join(', ')}`)
  return word
}

/** `KEY=VALUE` given for an option. */
export function pairs(texts: readonly string[] | undefined, option: string): [string, string][] {
  return (texts ?? []).map((text) => {
    const cut = text.indexOf('=')
    if (cut <= 0) throw new UsageError(`${option} ${text} is not KEY=VALUE`)
    return [text.slice(0, cut), text.slice(cut + 1)]
  })
}
