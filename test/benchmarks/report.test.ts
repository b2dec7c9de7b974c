// The pure parts of the benchmarks: arithmetic, progress, table, chart. What is measured is not tested; `npm run bench -- --smoke` sees that figures come out.
import { expect, it } from 'vitest'
import { barChart } from '../../benchmarks/chart.ts'
import { withoutFigures } from '../../benchmarks/compare.ts'
import { latencyFigures, median, percentile, shown } from '../../benchmarks/figures.ts'
import { linesOf } from '../../benchmarks/print.ts'
import { duration, progressLine } from '../../benchmarks/progress.ts'
import { absence } from '../../benchmarks/scenario.ts'
import { scenarios, scenariosNamed, smokeNames } from '../../benchmarks/scenarios/index.ts'
import { chartOf, filled, glance, markdownTable, marker, type Results } from '../../benchmarks/table.ts'

const scenario = scenarios.find(({ name }) => name === 'produce')!

const results: Results = {
  machine: 'a machine',
  at: '2026-01-02T03:04:05.000Z',
  runs: 3,
  knobs: { bytes: 2e9, seconds: 10, scale: 1 },
  rows: [
    { scenario: 'produce', who: 'twinlog', durability: 'synced', runs: [{ 'MB/s': 300, 'CPU s/GB': 1 }, { 'MB/s': 100 }, { 'MB/s': 200 }] },
    { scenario: 'produce', who: 'kafka', durability: 'not synced', runs: [{ 'MB/s': 100, 'CPU s/GB': 4 }, { 'MB/s': 100 }, { 'MB/s': 100 }] },
    { scenario: 'produce', who: 'broken', durability: '', runs: [], failure: 'it went away' },
    { scenario: 'of an older version', who: 'twinlog', durability: '', runs: [{ 'MB/s': 1 }] },
  ],
}

it('takes percentiles by rank, whatever the order, and has none of nothing', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 51, 100, 100])
  expect(median([3, 1, 2])).toBe(2)
  expect(percentile([], 0.5)).toBeNaN()
  expect(latencyFigures('ack', [1])).toEqual({ 'ack p50 ms': 1, 'ack p99 ms': 1, 'ack p99.9 ms': 1 })
})

it('writes the digits that matter', () => {
  expect([0.1234, 12.34, 123.4, 12345.6, Number.NaN].map(shown)).toEqual(['0.12', '12.3', '123', '12,346', '–'])
})

it('tells the time left from the runs that are over', () => {
  expect(progressLine(0, 4, 5000, 'produce', 80)).toBe(`[${'░'.repeat(24)}] 0/4 produce`)
  expect(progressLine(1, 4, 30_000, 'produce', 80)).toBe(`[${'█'.repeat(6)}${'░'.repeat(18)}] 1/4 produce · 1 min 30 s left`)
  expect(progressLine(1, 4, 30_000, 'produce', 20)).toHaveLength(20)
  expect(duration(59_400)).toBe('59 s')
})

it('prints medians with their spread and the ratio run by run', () => {
  expect(linesOf(scenario, results.rows.slice(0, 3), ['kinesalite takes no part: it has no Kafka door']).slice(1)).toEqual([
    '  twinlog        synced      MB/s 200 (100-300)   CPU s/GB 1.00',
    '  kafka          not synced  MB/s 100 (100-100)   CPU s/GB 4.00',
    '  broken                     failed: it went away',
    '  twinlog / kafka: 2.00 MB/s',
    '  kinesalite takes no part: it has no Kafka door',
  ])
})

it('knows rows without figures: failed, never run, or not a number', () => {
  const none = { scenario: 'latency', who: 'twinlog', durability: '', runs: [{ 'p99 ms': Number.NaN }] }
  expect(withoutFigures([...results.rows, none]).map(({ who }) => who)).toEqual(['broken', 'twinlog'])
})

it('makes a table of what is known and has figures', () => {
  expect(markdownTable(results, scenarios).split('\n').slice(4)).toEqual([
    `| \`produce\` | ${scenario.about} | MB/s | 200 | kafka (not synced) 100 (×2.00) | CPU s/GB 1.00 (kafka 4.00) |`,
  ])
  const slower = scenarios.map((one) => ({ ...one, headline: { ...one.headline, more: 'worse' as const } }))
  expect(markdownTable(results, slower)).toContain('| MB/s (less is better) | 200 |')
  expect(markdownTable(results, scenarios)).toContain('a machine, 2026-01-02; medians of 3')
})

it('tells first what is asked for first, of servers only', () => {
  expect(
    glance([{ ...results, rows: [] }, results], scenarios, ['gone', 'produce'])
      .split('\n')
      .slice(2),
  ).toEqual([`| \`produce\` | ${scenario.about} | MB/s | **200** | 100 kafka (not synced) |`])
})

it('draws bars as long as their share of the largest', () => {
  const svg = barChart('a <title>', [{ title: 'group', bars: [4, 2].map((value) => ({ label: 'who', value, text: String(value) })) }])
  const [full, half] = [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, length]) => Number(length))
  expect(half).toBe(full! / 2)
  expect(svg).toContain('a &lt;title&gt;')
  expect(chartOf('kafka', results, scenarios).match(/<rect /g)).toHaveLength(2)
})

it('fills what lies between the markers and nothing else', () => {
  expect(filled(`before\n${marker.open}\nold\n${marker.close}\nafter`, 'new')).toBe(`before\n${marker.open}\nnew\n${marker.close}\nafter`)
  expect(() => filled('no markers', 'new')).toThrow('there is no')
})

it('has each scenario under a name of its own, and knows families', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
  for (const name of ['groups', 'transactions', 'compaction', 'kinesis', 'all', ...smokeNames])
    expect(scenariosNamed(name)?.length).toBeGreaterThan(0)
  for (const { family } of scenarios) expect(scenarios.some(({ name }) => name === family && name !== 'compaction')).toBe(false)
  expect(scenariosNamed('nothing')).toBeNull()
})

it('runs each scenario one way', () => {
  for (const { name, run, runStart } of scenarios) expect([name, Number(run !== undefined) + Number(runStart !== undefined)]).toEqual([name, 1])
})

it('leaves a peer out where it has no such door, keeps nothing, or cannot do it', () => {
  const kinesalite = { name: 'kinesalite', durability: 'memory', doors: ['aws' as const] }
  const fanOut = scenarios.find(({ name }) => name === 'kinesis-fan-out')!
  expect(absence(scenario, kinesalite)).toBe('it has no Kafka door')
  expect(absence(fanOut, kinesalite)).toBe('it has no enhanced fan-out')
  expect(absence(fanOut, { ...kinesalite, name: 'other' })).toBeNull()
  const restarted = scenarios.find(({ needsDisk }) => needsDisk)!
  expect(absence(restarted, { name: 'kfake', durability: 'memory', doors: ['kafka'] })).toBe('it keeps its data in memory')
})
