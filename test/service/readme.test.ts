// The README's tables are computed from the lists that the program itself goes by. `npm run readme` writes them anew.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { declarations, environmentName } from '../../src/config.ts'
import { handlers } from '../../src/kafka/handlers/index.ts'
import { unserved } from '../../src/kafka/unserved.ts'
import { operations } from '../../src/kinesis/operations/index.ts'

const tables: Record<string, () => string> = {
  apis: () => {
    const rows = [...handlers]
      .sort((a, b) => a.key - b.key)
      .map(({ key, name, min, max }) => `${name}&nbsp;(${key})&nbsp;${min === max ? min : `${min}–${max}`}`)
    const reasons = new Map<string, string[]>()
    for (const [, name, reason] of unserved) reasons.set(reason, [...(reasons.get(reason) ?? []), name])
    const missing = [...reasons].map(([reason, names]) => `Not served, ${reason}: ${names.join(' · ')}.`)
    return [`${handlers.length} APIs, each with its key and the versions that are served:`, rows.join(' · '), ...missing].join('\n\n')
  },
  operations: () => {
    const names = operations.map(({ name }) => name).sort()
    return `${names.length} operations: ${names.join(' · ')}`
  },
  settings: () => {
    const acting = Object.entries(declarations).filter(([, { acts }]) => acts)
    const rows = acting.map(
      ([name, { defaultText, dynamic, meaning }]) =>
        `| \`${name}\` | ${defaultText === null ? '–' : `\`${defaultText}\``} | ${dynamic ? 'yes' : ''} | ${meaning.replaceAll('|', '\\|')} |`,
    )
    const others = Object.keys(declarations).length - acting.length
    const example = `\`${environmentName('num.partitions')}\``
    return [
      `${acting.length} settings act. Each can also be given as an environment variable, ${example} for \`num.partitions\`. ${others} more are known so that a Kafka broker’s file and tools work; they have no effect on one node, and`,
      'a start that is given one says so.',
      '',
      '| setting | default | dynamic | meaning |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n')
  },
}

it('has tables as they are computed now', async () => {
  const readme = readFileSync('README.md', 'utf8')
  let written = readme
  for (const [name, compute] of Object.entries(tables)) {
    const [open, close] = [`<!-- ${name}: computed, see test/service/readme.test.ts -->`, `<!-- /${name} -->`]
    const [start, end] = [written.indexOf(open), written.indexOf(close)]
    expect(start, `${open} is missing`).toBeGreaterThan(0)
    expect(end, `${close} is missing`).toBeGreaterThan(start)
    written = `${written.slice(0, start + open.length)}\n${compute()}\n${written.slice(end)}`
  }
  // A snapshot: where the computed text differs the test fails, and `npm run readme` writes it.
  await expect(written).toMatchFileSnapshot('../../README.md')
})

it('names every command of its first minute as the program knows it', () => {
  const readme = readFileSync('README.md', 'utf8')
  for (const word of ['npm ci && npm start', 'npm run demo', 'twinlog produce', 'twinlog consume', 'aws kinesis']) expect(readme).toContain(word)
})
