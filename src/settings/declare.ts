// How a setting is declared: its type, default, bounds and meaning, and how its text is read. Does not know where texts come from; config.ts does.

/** Kafka's config types, by the names that DescribeConfigs gives them. */
export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

/** What every setting says about itself. */
export interface Facts {
  /** What it does, in a sentence or two. */
  meaning: string
  /** May be changed while the broker runs (IncrementalAlterConfigs). */
  dynamic?: boolean
  /** Known and answered as Kafka does, but of no effect here: one node, other internals. */
  inert?: boolean
}

/** One setting. `Value` is what `settings.get(name)` gives. */
export interface Declaration<Value> {
  readonly type: SettingType
  /** As text, the way DescribeConfigs and `twinlog config` show it; null where there is none. */
  readonly defaultText: string | null
  readonly meaning: string
  readonly dynamic: boolean
  readonly acts: boolean
  readonly sensitive: boolean
  /** What may stand there, for messages and tables: `1..65535`, `sync or async`. */
  readonly allowed: string
  /** Reads a text. Throws a BadValue that says what is wrong. */
  parse(text: string): Value
}

/** The text does not fit the setting. The message continues "… is not". */
export class BadValue extends Error {
  override name = 'BadValue'
}

/** Kafka's "no limit" for LONG settings. */
export const longMax = 9223372036854775807n
/** Kafka's "no limit" for INT settings. */
export const intMax = 2147483647

interface Range {
  min?: number
  max?: number
}

function declare<Value>(
  type: SettingType,
  facts: Facts,
  defaultText: string | null,
  allowed: string,
  parse: (text: string) => Value,
): Declaration<Value> {
  return {
    type,
    defaultText,
    allowed,
    parse,
    meaning: facts.meaning,
    dynamic: facts.dynamic ?? false,
    acts: !facts.inert,
    sensitive: type === 'password',
  }
}

function whole(type: 'int' | 'short' | 'long', range: Range): { allowed: string; parse(text: string): number } {
  const typeMax = type === 'int' ? BigInt(intMax) : type === 'short' ? 32767n : longMax
  const min = range.min === undefined ? -typeMax - 1n : BigInt(range.min)
  const max = range.max === undefined ? typeMax : BigInt(range.max)
  const allowed =
    max === typeMax ? (range.min === undefined ? 'a whole number' : `a whole number from ${min}`) : `a whole number from ${min} to ${max}`
  return {
    allowed,
    parse(text) {
      if (!/^[+-]?\d{1,19}$/.test(text)) throw new BadValue(allowed)
      const value = BigInt(text)
      if (value < min || value > max) throw new BadValue(allowed)
      return Number(value)
    },
  }
}

/** A 32-bit whole number. */
export function int(facts: Facts & Range & { default: number }): Declaration<number> {
  const rule = whole('int', facts)
  return declare('int', facts, String(facts.default), rule.allowed, rule.parse)
}

/** A 32-bit whole number that may be absent. */
export function intOrNull(facts: Facts & Range): Declaration<number | null> {
  const rule = whole('int', facts)
  return declare<number | null>('int', facts, null, rule.allowed, rule.parse)
}

/** A 16-bit whole number. */
export function short(facts: Facts & Range & { default: number }): Declaration<number> {
  const rule = whole('short', facts)
  return declare('short', facts, String(facts.default), rule.allowed, rule.parse)
}

/** A 64-bit whole number; above 2^53 the number is rounded, its text is not. */
export function long(facts: Facts & Range & { default: number | bigint }): Declaration<number> {
  const rule = whole('long', facts)
  return declare('long', facts, String(facts.default), rule.allowed, rule.parse)
}

/** A 64-bit whole number that may be absent. */
export function longOrNull(facts: Facts & Range): Declaration<number | null> {
  const rule = whole('long', facts)
  return declare<number | null>('long', facts, null, rule.allowed, rule.parse)
}

/** A floating-point number. */
export function double(facts: Facts & Range & { default: number; defaultText?: string }): Declaration<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = facts
  const allowed =
    min === Number.NEGATIVE_INFINITY ? 'a number' : max === Number.POSITIVE_INFINITY ? `a number from ${min}` : `a number from ${min} to ${max}`
  return declare('double', facts, facts.defaultText ?? String(facts.default), allowed, (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) throw new BadValue(allowed)
    return value
  })
}

/** `true` or `false`, in any case, as Kafka reads them. */
export function boolean(facts: Facts & { default: boolean }): Declaration<boolean> {
  return declare('boolean', facts, String(facts.default), 'true or false', (text) => {
    const lower = text.toLowerCase()
    if (lower !== 'true' && lower !== 'false') throw new BadValue('true or false')
    return lower === 'true'
  })
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[], facts: Facts & { default: NoInfer<Word> }): Declaration<Word> {
  const allowed = words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words.join()
  return declare('string', facts, facts.default, allowed, (text) => {
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new BadValue(allowed)
    return word
  })
}

interface Pattern {
  /** What a value looks like: where it is given it is checked, and `shape` says it in words. */
  pattern?: RegExp
  shape?: string
}

function matching(facts: Pattern): { allowed: string; parse(text: string): string } {
  const allowed = facts.shape ?? 'a text'
  return {
    allowed,
    parse(text) {
      if (facts.pattern && !facts.pattern.test(text)) throw new BadValue(allowed)
      return text
    },
  }
}

/** A text. */
export function string(facts: Facts & Pattern & { default: string }): Declaration<string> {
  const rule = matching(facts)
  return declare('string', facts, facts.default, rule.allowed, rule.parse)
}

/** A text that may be absent. */
export function stringOrNull(facts: Facts & Pattern & { type?: 'string' | 'class' | 'password' | 'list' }): Declaration<string | null> {
  const rule = matching(facts)
  return declare<string | null>(facts.type ?? 'string', facts, null, rule.allowed, rule.parse)
}

/** Words with commas between them; with `words`, only those. */
export function list(facts: Facts & { default: string; words?: readonly string[]; needs?: string }): Declaration<readonly string[]> {
  const words = facts.words ? `a list of ${facts.words.join(', ')}` : 'a list with commas'
  const allowed = facts.needs === undefined ? words : `${words}, ${facts.needs} among them`
  return declare('list', facts, facts.default, allowed, (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
    if (facts.words && items.some((item) => !facts.words?.includes(item))) throw new BadValue(allowed)
    if (facts.needs !== undefined && !items.includes(facts.needs)) throw new BadValue(allowed)
    return items
  })
}

interface Counts {
  default: string
  isName(text: string): boolean
  /** What a name is, for messages: `ADDRESS`. */
  names: string
  /** The count may be left out, and is null then; where it is given it is at least 1. */
  optional?: true
}

/** Whole numbers by name: `name:number` pairs with commas between them. A name may hold colons itself, unless its count may be left out. */
export function counts(facts: Facts & Counts & { optional: true }): Declaration<ReadonlyMap<string, number | null>>
export function counts(facts: Facts & Counts): Declaration<ReadonlyMap<string, number>>
export function counts(facts: Facts & Counts): Declaration<ReadonlyMap<string, number | null>> {
  const allowed = `${facts.names}${facts.optional ? '[:NUMBER]' : ':NUMBER pairs'} with commas`
  return declare('string', facts, facts.default, allowed, (text) => {
    const pairs = text
      .split(',')
      .map((pair) => pair.trim())
      .filter((pair) => pair !== '')
    return new Map(
      pairs.map((pair) => {
        if (facts.optional && facts.isName(pair)) return [pair, null]
        const colon = pair.lastIndexOf(':')
        const [name, count] = [pair.slice(0, Math.max(colon, 0)).trim(), pair.slice(colon + 1).trim()]
        if (!facts.isName(name) || !/^\d{1,9}$/.test(count) || (facts.optional && Number(count) === 0)) throw new BadValue(allowed)
        return [name, Number(count)]
      }),
    )
  })
}
