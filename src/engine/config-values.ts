// The value types that Kafka's configs have, as text: parsing, ranges, lists, and the sentences that Kafka says when a value is wrong.
// Knows no config by name; topic-configs.ts and the tables beside it do.

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST'

/** What a config's text may be. `check` answers null for a good value, else Kafka's sentence about it. */
export interface ValueRule {
  readonly type: ConfigType
  readonly check: (name: string, text: string) => string | null
  /** A few words for documentation: `at least 1`. */
  readonly allowed: string
}

const bounds: Record<'INT' | 'LONG', { min: bigint; max: bigint }> = {
  INT: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  LONG: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
}

/** Kafka's words for a value that its key does not take. `shown` is the value as Java prints it. */
export const invalidValue = (name: string, shown: string, why: string): string => `Invalid value ${shown} for configuration ${name}: ${why}`

/** A whole number of Java's `type`, or null where the text is none. */
function wholeNumber(type: 'INT' | 'LONG', text: string): bigint | null {
  const trimmed = text.trim()
  if (!/^[+-]?\d{1,20}$/.test(trimmed)) return null
  const value = BigInt(trimmed.replace(/^\+/, ''))
  return value < bounds[type].min || value > bounds[type].max ? null : value
}

function whole(type: 'INT' | 'LONG', limits: { min?: number; max?: number; also?: number; minText?: string }): ValueRule {
  const { min, max, also } = limits
  return {
    type,
    allowed:
      also !== undefined ? `${also}, or ${min} to ${max}` : max !== undefined ? `${min} to ${max}` : min !== undefined ? `at least ${min}` : 'any',
    check(name, text) {
      const value = wholeNumber(type, text)
      if (value === null) return invalidValue(name, text, `Not a number of type ${type}`)
      const shown = value.toString()
      if (also !== undefined) {
        const inside = value === BigInt(also) || (value >= BigInt(min ?? 0) && value <= BigInt(max ?? 0))
        return inside ? null : invalidValue(name, shown, `Value must be between ${min} and ${max} or equal to ${also}`)
      }
      if (min !== undefined && value < BigInt(min)) return invalidValue(name, shown, `Value must be at least ${min}`)
      if (max !== undefined && value > BigInt(max)) return invalidValue(name, shown, `Value must be no more than ${max}`)
      return null
    },
  }
}

export const int = (min?: number, max?: number): ValueRule => whole('INT', { ...(min !== undefined && { min }), ...(max !== undefined && { max }) })
export const long = (min?: number, max?: number): ValueRule => whole('LONG', { ...(min !== undefined && { min }), ...(max !== undefined && { max }) })
/** A range, and one value outside it that means "the codec's own choice". */
export const intOr = (also: number, min: number, max: number): ValueRule => whole('INT', { min, max, also })

export function double(min: number, max: number): ValueRule {
  return {
    type: 'DOUBLE',
    allowed: `${min} to ${max}`,
    check(name, text) {
      const trimmed = text.trim()
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return invalidValue(name, text, 'Not a number of type DOUBLE')
      const value = Number(trimmed)
      if (value < min) return invalidValue(name, doubleText(value), `Value must be at least ${min}`)
      return value > max ? invalidValue(name, doubleText(value), `Value must be no more than ${max}`) : null
    },
  }
}

export const boolean: ValueRule = {
  type: 'BOOLEAN',
  allowed: 'true or false',
  check: (name, text) => (/^(true|false)$/i.test(text.trim()) ? null : invalidValue(name, text, 'Expected value to be either true or false')),
}

/** Any text. */
export const string: ValueRule = { type: 'STRING', allowed: 'any', check: () => null }

/** One of a few words. */
export function oneOf(...words: string[]): ValueRule {
  return {
    type: 'STRING',
    allowed: words.join(', '),
    check: (name, text) => (words.includes(text.trim()) ? null : invalidValue(name, text.trim(), `String must be one of: ${words.join(', ')}`)),
  }
}

/** A comma separated list as Kafka reads it: blanks around items do not count, an empty text is the empty list. */
export const listItems = (text: string): string[] => (text.trim() === '' ? [] : text.trim().split(/\s*,\s*/))

/** A list; `check` sees its items. */
export function list(allowed: string, check: (name: string, items: readonly string[]) => string | null): ValueRule {
  return { type: 'LIST', allowed, check: (name, text) => check(name, listItems(text)) }
}

/** The text that Kafka would show for a good value: numbers and booleans in their plain form, lists without blanks. */
export function canonicalText(rule: ValueRule, text: string): string {
  switch (rule.type) {
    case 'BOOLEAN':
      return text.trim().toLowerCase()
    case 'INT':
    case 'LONG':
      return BigInt(text.trim().replace(/^\+/, '')).toString()
    case 'DOUBLE':
      return doubleText(Number(text.trim()))
    case 'LIST':
      return listItems(text).join(',')
    case 'STRING':
      return text.trim()
  }
}

/** Java prints 1.0 where JavaScript prints 1. */
function doubleText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}
