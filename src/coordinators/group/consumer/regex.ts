// Regular expressions of subscriptions, in RE2 syntax as KIP-848 has it, matched in linear time whatever they are: a JavaScript regular expression could be made to
// take for ever. The engine is loaded when the first one is needed; most brokers never see one.

/** Does the whole name match? */
export type Matcher = (name: string) => boolean

/** No topic name comes near it, and compiling takes time in proportion. */
const regexCharsMax = 4_096
/** Compiled ones kept; clients repeat theirs. */
const keptMax = 1_000

type Engine = typeof import('re2js').RE2JS
let engine: Engine | null = null
const kept = new Map<string, Matcher>()

/** To be awaited before the first compileRegex. */
export async function loadRegexes(): Promise<void> {
  engine ??= (await import('re2js')).RE2JS
}

/** The matcher, or why there is none. */
export function compileRegex(text: string): { matches: Matcher; fault: null } | { matches: null; fault: string } {
  const known = kept.get(text)
  if (known) return { matches: known, fault: null }
  if (!engine) throw new Error('regular expressions are used before they are loaded')
  if (text.length > regexCharsMax) return { matches: null, fault: `longer than ${regexCharsMax} characters` }
  try {
    const compiled = engine.compile(text)
    const matches: Matcher = (name) => compiled.matches(name)
    if (kept.size >= keptMax) kept.clear()
    kept.set(text, matches)
    return { matches, fault: null }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    // "error parsing regexp: missing closing ]: `[`": what is wrong is enough, the caller names the expression.
    return { matches: null, fault: why.replace(/^error parsing regexp: /, '').replace(/: `[\s\S]*`$/, '') }
  }
}
