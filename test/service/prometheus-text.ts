// A parser of Prometheus's text exposition format, strict about what the format's page says: the tests' own, not the library's that wrote it.

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Family {
  name: string
  help: string
  type: string
  samples: Sample[]
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const sampleLine = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (\\S+)(?: (\\d+))?$`)

/** Families by name. Throws on anything that the format does not allow: unknown lines, doubled samples, families in pieces, odd histograms. */
export function parsePrometheus(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let current: Family | null = null
  const seen = new Set<string>()
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment) {
      const [, kind, name = '', rest = ''] = comment
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`${name} comes in two pieces`)
        current = { name, help: rest, type: 'untyped', samples: [] }
        families.set(name, current)
      } else {
        if (current?.name !== name) throw new Error(`TYPE of ${name} without its HELP`)
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`${name} has the unknown type ${rest}`)
        current.type = rest
      }
      continue
    }
    if (line.startsWith('#')) continue
    const match = sampleLine.exec(line)
    if (!match) throw new Error(`not a sample: ${line}`)
    const [, name = '', labelText = '', valueText = ''] = match
    const base = current?.type === 'histogram' || current?.type === 'summary' ? name.replace(/_(bucket|sum|count)$/, '') : name
    if (!current || base !== current.name) throw new Error(`${name} stands outside its family`)
    const labels = parseLabels(labelText)
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`
    if (seen.has(key)) throw new Error(`${line} comes twice`)
    seen.add(key)
    current.samples.push({ name, labels, value: parseValue(valueText) })
  }
  for (const family of families.values()) check(family)
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest)
    if (!match) throw new Error(`not labels: ${text}`)
    const [whole, name = '', value = ''] = match
    labels[name] = value.replace(/\\(.)/g, (_all, character: string) => (character === 'n' ? '\n' : character))
    rest = rest.slice(whole.length)
  }
  return labels
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (text === 'NaN' || text === 'Nan') return Number.NaN
  const value = Number(text)
  if (Number.isNaN(value)) throw new Error(`not a value: ${text}`)
  return value
}

function check({ name, type, samples }: Family): void {
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`the counter ${name} does not end in _total`)
  if (type === 'counter' && samples.some(({ value }) => value < 0)) throw new Error(`the counter ${name} is negative`)
  if (type !== 'histogram') return
  const series = new Map<string, Sample[]>()
  for (const sample of samples) {
    const { le: _le, ...others } = sample.labels
    const key = JSON.stringify(others)
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, members] of series) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`)
    const count = members.find((sample) => sample.name === `${name}_count`)
    if (!count || !members.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}${key} lacks its sum or count`)
    if (buckets.at(-1)?.labels['le'] !== '+Inf') throw new Error(`${name}${key} does not end in +Inf`)
    if (buckets.at(-1)?.value !== count.value) throw new Error(`${name}${key} counts differently in +Inf and in count`)
    buckets.reduce((below, { value }) => {
      if (value < below) throw new Error(`${name}${key} shrinks`)
      return value
    }, 0)
  }
}

/** The sample with these labels, among others it may have. */
export function sampleOf(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  return family?.samples.find((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    ?.value
}
