// Where settings come from, as lists of given texts: Java properties files, the environment, objects. Reads no file and checks no value; settings.ts checks.
import { declarations, isSettingName, type SettingName, type SettingValue } from './all.ts'

/** A text that somebody gave for a setting. */
export interface Given {
  /** As it was written; may be unknown. */
  name: string
  text: string
  source: 'option' | 'environment' | 'file'
  /** Where exactly, for messages: `--set`, `TWINLOG_NUM_PARTITIONS`, `server.properties line 7`. */
  where: string
}

/** Settings as a program gives them: values of their own type, or texts. */
export type SettingsInput = { readonly [Name in SettingName]?: SettingValue<Name> | string }

/** From the library's `settings: { 'num.partitions': 4 }`. */
export function givenByObject(input: SettingsInput, where: string): Given[] {
  const given: Given[] = []
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || value === null) continue
    given.push({ name, text: Array.isArray(value) ? value.join(',') : String(value), source: 'option', where })
  }
  return given
}

/** From `KEY=VALUE` as `--set` takes it; null where there is no `=`. */
export function givenByPair(pair: string, where: string): Given | null {
  const cut = pair.indexOf('=')
  return cut > 0 ? { name: pair.slice(0, cut).trim(), text: pair.slice(cut + 1), source: 'option', where } : null
}

const environmentPrefix = 'TWINLOG_'
/** Not settings: TWINLOG_CONFIG names the file, TWINLOG_BOOTSTRAP the broker that commands speak to. */
const notSettings = new Set(['TWINLOG_CONFIG', 'TWINLOG_BOOTSTRAP'])
/** What Kubernetes gives every pod for a service called `twinlog`, or `twinlog-kafka`. */
const ofKubernetes = /^TWINLOG_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/

/** The environment variable of a setting: TWINLOG_NUM_PARTITIONS for num.partitions. */
export const environmentName = (name: string): string => environmentPrefix + name.toUpperCase().replaceAll('.', '_')

/** From environment variables that start with TWINLOG_. Unknown ones are given too, so that a slip is noticed. */
export function givenByEnvironment(environment: Readonly<Record<string, string | undefined>>): Given[] {
  const byVariable = new Map(Object.keys(declarations).map((name) => [environmentName(name), name]))
  const given: Given[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(environmentPrefix) || notSettings.has(variable) || ofKubernetes.test(variable)) continue
    const where = `environment variable ${variable}`
    if (variable === 'TWINLOG_MEMORY') {
      if (/^(1|true)$/i.test(text)) given.push({ name: 'data', text: 'memory', source: 'environment', where })
      continue
    }
    const name = byVariable.get(variable) ?? variable.slice(environmentPrefix.length).toLowerCase().replaceAll('_', '.')
    given.push({ name, text, source: 'environment', where })
  }
  return given
}

/** From a file in the format of Kafka's server.properties (java.util.Properties): comments, continuation lines, escapes. */
export function givenByFile(content: string, fileName: string): Given[] {
  const given: Given[] = []
  const lines = content.split(/\r\n|\n|\r/)
  for (let at = 0; at < lines.length; at++) {
    const lineNumber = at + 1
    let line = (lines[at] ?? '').trimStart()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    while (endsInContinuation(line) && at + 1 < lines.length) line = line.slice(0, -1) + (lines[++at] ?? '').trimStart()
    const match = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(line)
    const name = unescapeText(match?.[1] ?? line)
    given.push({ name, text: unescapeText(match?.[2] ?? '').trim(), source: 'file', where: `${fileName} line ${lineNumber}` })
  }
  return given
}

/** An odd number of backslashes at the end. */
function endsInContinuation(line: string): boolean {
  return (/\\+$/.exec(line)?.[0].length ?? 0) % 2 === 1
}

function unescapeText(text: string): string {
  const controls: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f' }
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.)|$)/gs, (_whole, code: string | undefined, other: string | undefined) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : other === undefined ? '' : (controls[other] ?? other),
  )
}

/** The known names nearest to an unknown one, best first, at most three: for "did you mean". */
export function nearestNames(unknown: string): SettingName[] {
  const wanted = unknown.toLowerCase().replaceAll('_', '.').replaceAll('-', '.')
  if (isSettingName(wanted)) return [wanted]
  const ranked = (Object.keys(declarations) as SettingName[])
    .map((name) => ({ name, slips: editDistance(wanted, name) }))
    .sort((a, b) => a.slips - b.slips)
  const misspelt = ranked.filter(({ name, slips }) => slips <= Math.max(name.length, wanted.length) / 4)
  // No slip of the finger, then: a part of the name, or its words in another order.
  const parts = wanted.split('.')
  const partly = ranked.filter(({ name }) => (wanted.length >= 5 && name.includes(wanted)) || parts.every((part) => name.split('.').includes(part)))
  return (misspelt.length > 0 ? misspelt : partly).slice(0, 3).map(({ name }) => name)
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
