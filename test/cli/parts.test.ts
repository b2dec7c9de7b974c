// The commands' own parts, without a broker: arguments, lines, tables, progress.
import { describe, expect, it, vi } from 'vitest'
import { defineCommand, UsageError } from '../../src/cli/lib/command.ts'
import { bytesText, durationText, table } from '../../src/cli/lib/output.ts'
import { Progress, progressText } from '../../src/cli/lib/progress.ts'
import { jsonOfRecord, LineCutter, recordOfJson, recordOfLine } from '../../src/cli/records/lines.ts'
import { recordBytes } from '../../src/cli/records/print.ts'
import { overlookPastTimers } from '../../src/past-timers.ts'
import { run } from '../service/process.ts'

describe('arguments', () => {
  const seen: unknown[] = []
  const command = defineCommand({
    usage: 'twinlog test WORD',
    summary: 'Tests.',
    positionals: { min: 0, max: 1 },
    options: {
      offset: { type: 'string', short: 'o', help: 'Where.' },
      follow: { type: 'boolean', short: 'f', help: 'On.' },
      set: { type: 'string', multiple: true, help: 'Many.' },
    },
    run: (values, positionals) => {
      seen.push({ ...values }, [...positionals])
      return 0
    },
  })

  it.each([[['--offset', '-10']], [['-o', '-10']], [['--offset=-10']], [['-o-10']]])('%j is a number below zero, not an option', async (args) => {
    seen.length = 0
    await command.run([...args, 'word', '-f', '--set', 'a=1', '--set', 'b=2'])
    expect(seen).toEqual([{ offset: '-10', follow: true, set: ['a=1', 'b=2'] }, ['word']])
  })

  it.each([
    [['--ofset', '1'], 'unknown option --ofset'],
    [['--offset'], "'-o, --offset <value>' argument missing"],
    [['--num.partitions=3'], 'settings are given with --set num.partitions=VALUE'],
    [['a', 'b'], 'unexpected argument b'],
  ])('%j is refused: %s', async (args, message) => {
    const refused = await command.run(args).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(UsageError)
    expect((refused as Error).message).toContain(message)
  })
})

describe('lines', () => {
  it('are the same however the input is cut into chunks', () => {
    const input = Buffer.from('one\r\n\ntwo é\nthree')
    for (let size = 1; size <= input.length; size++) {
      const cutter = new LineCutter()
      const lines: Buffer[] = []
      for (let at = 0; at < input.length; at += size) lines.push(...cutter.cut(input.subarray(at, at + size)))
      lines.push(...cutter.end())
      expect(lines.map(String), `chunks of ${size}`).toEqual(['one', '', 'two é', 'three'])
    }
  })

  it('are cut at the first separator', () => {
    expect(recordOfLine(Buffer.from('k::v::w'), '::')).toEqual({ key: Buffer.from('k'), value: Buffer.from('v::w') })
    expect(recordOfLine(Buffer.from('value'), '::')).toEqual({ key: null, value: Buffer.from('value') })
  })

  it.each([
    ['[]', 'not a JSON object'],
    ['{', 'is not JSON'],
    ['{"key":"k"}', 'has no "value"'],
    ['{"value":1,"partition":"x"}', '"partition" is not a whole number'],
    ['{"value":1,"timestamp":"soon"}', '"timestamp" is neither'],
    ['{"value":1,"headers":[]}', '"headers" is not an object'],
  ])('%s is refused with the line’s number', (line, message) => {
    expect(() => recordOfJson(Buffer.from(line), 7)).toThrow(new RegExp(`line 7.*${message.replaceAll('[', '\\[')}`))
  })

  it('a record printed as JSON is read back as it was', () => {
    const record = {
      topic: 't',
      partition: 3,
      offset: '9',
      timestamp: '1700000000000',
      key: Buffer.from([0xc3]),
      value: null,
      headers: { h: [Buffer.from('1'), Buffer.from('2')] },
    }
    const back = recordOfJson(Buffer.from(JSON.stringify(jsonOfRecord(record))), 1)
    expect(back).toEqual({ key: record.key, value: null, headers: record.headers, partition: 3, timestamp: '1700000000000' })
  })

  it('text can show key, headers and place', () => {
    const record = { topic: 't', partition: 1, offset: '2', timestamp: '0', key: null, value: Buffer.from('v'), headers: { a: 'b' } }
    const text = recordBytes(record, { format: 'text', keySeparator: '=', headers: true, meta: true }).toString()
    expect(text).toBe('1:2 1970-01-01T00:00:00.000Z\ta=b\tnull=v\n')
  })
})

describe('output', () => {
  it('numbers stand to the right, texts to the left', () => {
    expect(
      table(
        ['NAME', 'N'],
        [
          ['a', 1],
          ['bcdef', 100],
          ['c', null],
        ],
      ),
    ).toBe('NAME     N\na        1\nbcdef  100\nc        -\n')
  })

  it('amounts and times read well', () => {
    expect([bytesText(999), bytesText(1234567), durationText(75_000), durationText(3_725_000)]).toEqual(['999 B', '1.2 MB', '1m15s', '1h02m'])
  })
})

describe('progress', () => {
  const facts = { label: 'working', total: 100, show: String }

  it('tells share, rate and time left', () => {
    expect(progressText(facts, 25, 10_000)).toBe(`working  ${'█'.repeat(6)}${'░'.repeat(18)} 25%  25 of 100  3/s  30s left`)
    expect(progressText({ ...facts, total: null }, 25, 10_000)).toBe('working  25  3/s  10s')
    expect(progressText(facts, 0, 0)).toContain('0%')
    expect(progressText(facts, 25, 100)).not.toContain('left')
  })

  it('is drawn ten times a second at most, on terminals only, and taken away', () => {
    let nowMs = 0
    const written: string[] = []
    const stream = { isTTY: true, columns: 40, write: (text: string) => written.push(text) }
    const progress = new Progress({ ...facts, now: () => nowMs, stream })
    for (; nowMs < 1000; nowMs += 10) progress.to(nowMs / 10)
    progress.end()
    expect(written).toHaveLength(11)
    expect(written.at(-1)).toBe('\r\x1b[K')
    for (const text of written) expect(text.length).toBeLessThanOrEqual(40 + '\r\x1b[K'.length)
    const piped = new Progress({ ...facts, stream: { write: (text: string) => written.push(text) } })
    piped.to(50)
    piped.end()
    expect(written).toHaveLength(11)
  })
})

describe('twinlog config', () => {
  it('prints value, place, default and meaning of each setting', async () => {
    const { code, stdout } = await run(['config', 'num.partitions', 'offsets.topic.num', '--set', 'num.partitions=4'])
    expect(code).toBe(0)
    expect(stdout).toContain('num.partitions = 4  (--set; default 1)\n    Partitions of a topic that is created without a count.\n')
    expect(stdout).toContain('offsets.topic.num.partitions = 50  (default)  [no effect]')
  })

  it('as JSON has every setting, hides secrets, and names the environment variable', async () => {
    const { stdout } = await run(['config', '--json', '--set', 'ssl.key.password=hunter2'])
    const rows = JSON.parse(stdout) as { name: string; value: string | null; source: string; environment: string; meaning: string }[]
    expect(rows.length).toBeGreaterThan(200)
    expect(stdout).not.toContain('hunter2')
    expect(rows.find(({ name }) => name === 'ssl.key.password')).toMatchObject({
      value: '[hidden]',
      source: 'option',
      environment: 'TWINLOG_SSL_KEY_PASSWORD',
    })
  })

  it('a word that is in no name is a mistake', async () => {
    expect((await run(['config', 'zookeeper'])).code).toBe(2)
  })
})

describe('warnings of Node.js', () => {
  it('about kafkajs’s timers in the past are not printed, others are', () => {
    const printed = vi.fn()
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(printed)
    const spied = process.emitWarning
    try {
      overlookPastTimers()
      process.emitWarning('-5 is a negative number.', 'TimeoutNegativeWarning')
      process.emitWarning('old', 'DeprecationWarning', 'DEP0001')
      expect(printed.mock.calls).toEqual([['old', 'DeprecationWarning', 'DEP0001']])
    } finally {
      process.emitWarning = spied
      emit.mockRestore()
    }
  })
})
