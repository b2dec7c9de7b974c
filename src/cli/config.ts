// `twinlog config`: every setting with its value, where that comes from, its default and its meaning.
import { declarations, environmentName, isSettingName, type SettingName } from '../config.ts'
import { defineCommand, exitCodes, UsageError } from './lib/command.ts'
import { jsonOption, print, printJson } from './lib/output.ts'
import { readSettings, settingsOptions } from './lib/settings.ts'

export const command = defineCommand({
  usage: 'twinlog config [NAME...] [--changed] [--acting] [--json] [any option of start]',
  summary: 'Prints every setting: value, source, default, meaning. Reads options, environment and file as start does, and starts nothing.',
  positionals: { min: 0, max: 1000 },
  options: {
    ...settingsOptions,
    changed: { type: 'boolean', help: 'Only settings that do not have their default.' },
    acting: { type: 'boolean', help: 'Leave out settings that are known for Kafka’s sake and have no effect here.' },
    ...jsonOption,
  },
  examples: ['twinlog config retention', 'TWINLOG_NUM_PARTITIONS=4 twinlog config --changed'],
  run({ changed, acting, json, ...values }, words) {
    const settings = readSettings(values, process.env)
    const names = (Object.keys(declarations) as SettingName[])
      // A word that is a name asks for that setting alone.
      .filter((name) => words.length === 0 || words.some((word) => (isSettingName(word) ? name === word : name.includes(word))))
      .filter((name) => !changed || settings.source(name) !== 'default')
      .filter((name) => !acting || declarations[name].acts)
    if (names.length === 0 && words.length > 0) throw new UsageError(`no setting has ${words.join(' or ')} in its name`)
    const rows = names.map((name) => {
      const { defaultText, meaning, type, allowed, dynamic, acts, sensitive } = declarations[name]
      const text = settings.text(name)
      const [candidate] = settings.candidates(name)
      return {
        name,
        value: sensitive && text !== null ? '[hidden]' : text,
        source: settings.source(name),
        where: candidate?.where ?? 'default',
        default: defaultText,
        type,
        allowed,
        dynamic,
        acts,
        environment: environmentName(name),
        meaning,
      }
    })
    if (json) printJson(rows)
    else for (const row of rows) print(settingText(row))
    return exitCodes.done
  },
})

interface Row {
  name: string
  value: string | null
  where: string
  source: string
  default: string | null
  meaning: string
  acts: boolean
}

function settingText({ name, value, where, source, default: defaultText, meaning, acts }: Row): string {
  const origin = source === 'default' ? 'default' : `${where}; default ${shown(defaultText)}`
  return `${name} = ${shown(value)}  (${origin})${acts ? '' : '  [no effect]'}\n    ${meaning}\n`
}

const shown = (text: string | null): string => (text === null ? 'none' : text === '' ? "''" : text)
