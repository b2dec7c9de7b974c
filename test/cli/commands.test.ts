// The commands that speak the Kafka protocol, run as a person runs them, against the built broker.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bootstrapServers } from '../../src/cli/lib/kafka.ts'
import { type Ended, endAll, Product, run, startProduct } from '../service/process.ts'

/** Some containers have no IPv6. */
const ipv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'))

let env: Record<string, string> = {}
let directory = ''
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-cli-'))
  const { kafka } = await startProduct().ready()
  env = { TWINLOG_BOOTSTRAP: kafka }
})
afterAll(async () => {
  await endAll()
  rmSync(directory, { recursive: true, force: true })
})

const twinlog = (args: string[], input?: string | Buffer): Promise<Ended> => run(args, { env, ...(input !== undefined && { input }) })

async function json<Shape>(args: string[], input?: string): Promise<Shape> {
  const { code, stdout, stderr } = await twinlog([...args, '--json'], input)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout) as Shape
}

const lines = ({ stdout }: Ended): string[] => stdout.split('\n').filter((line) => line !== '')

interface Described {
  partitions: { partition: number; endOffset: number }[]
  configs: { name: string; value: string; set: boolean }[]
}

describe('topics', () => {
  it('are created, listed, described, altered, grown and deleted', async () => {
    expect(await json(['topics', 'create', 'life', '-p', '3', '-c', 'retention.ms=60000', '-c', 'retention.bytes=1000'])).toEqual({
      created: ['life'],
    })
    expect(await json<{ name: string }[]>(['topics', 'list'])).toContainEqual({ name: 'life', partitions: 3, offsets: 0 })
    await json(['topics', 'alter', 'life', '--set', 'segment.bytes=2097152', '--unset', 'retention.bytes'])
    await json(['topics', 'add-partitions', 'life', '--total', '5'])
    const [life] = await json<Described[]>(['topics', 'describe', 'life'])
    expect(life?.partitions).toHaveLength(5)
    expect(life?.configs.filter(({ set }) => set).map(({ name, value }) => `${name}=${value}`)).toEqual([
      'retention.ms=60000',
      'segment.bytes=2097152',
    ])
    expect(await json(['topics', 'delete', 'life'])).toEqual({ deleted: ['life'] })
    expect((await json<{ name: string }[]>(['topics', 'list'])).map(({ name }) => name)).not.toContain('life')
  })

  it('--dry-run changes nothing', async () => {
    await json(['topics', 'create', 'dry', '-p', '1'])
    await json(['topics', 'add-partitions', 'dry', '--total', '4', '--dry-run'])
    await json(['topics', 'alter', 'dry', '--set', 'retention.ms=5', '--dry-run'])
    const [dry] = await json<Described[]>(['topics', 'describe', 'dry'])
    expect(dry?.partitions).toHaveLength(1)
    expect(dry?.configs.some(({ set }) => set)).toBe(false)
  })

  it('what the broker refuses is told with the topic’s name, and ends with code 1', async () => {
    await json(['topics', 'create', 'twice', '-p', '1'])
    const again = await twinlog(['topics', 'create', 'twice'])
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toBe('twinlog: twice: exists already; nothing was created\n')
    expect(await json(['topics', 'create', 'twice', '--if-not-exists'])).toEqual({ created: [] })
    const bad = await twinlog(['topics', 'create', 'odd', '-c', 'retention.ms=soon'])
    expect(bad.code).toBe(1)
    expect(bad.stderr).toContain('INVALID_CONFIG')
    expect(bad.stderr).toContain('retention.ms')
  })

  it('a topic that is not there is named, and not created by asking', async () => {
    for (const args of [
      ['topics', 'describe', 'nowhere'],
      ['topics', 'delete', 'nowhere'],
      ['topics', 'alter', 'nowhere', '--set', 'retention.ms=1'],
      ['consume', 'nowhere'],
    ]) {
      const { code, stderr } = await twinlog(args)
      expect([code, stderr]).toEqual([1, expect.stringContaining('there is no topic nowhere')])
    }
    expect((await json<{ name: string }[]>(['topics', 'list'])).map(({ name }) => name)).not.toContain('nowhere')
  })
})

describe('produce and consume', () => {
  it('lines with keys, headers and a fixed partition come back as they were', async () => {
    await json(['topics', 'create', 'lines', '-p', '2'])
    const summary = await json<{ records: number; bytes: number }>(
      ['produce', 'lines', '-K', ':', '-H', 'from=test', '-p', '1'],
      'a:1\nb:2\r\nno key\n\nc:3',
    )
    expect(summary).toMatchObject({ records: 5, bytes: 12 })
    const records = lines(await twinlog(['consume', 'lines', '--json'])).map((line) => JSON.parse(line))
    expect(records.map(({ key, value, partition, offset }) => [key, value, partition, offset])).toEqual([
      ['a', '1', 1, 0],
      ['b', '2', 1, 1],
      [null, 'no key', 1, 2],
      [null, '', 1, 3],
      ['c', '3', 1, 4],
    ])
    expect(records[0].headers).toEqual({ from: 'test' })
    expect(lines(await twinlog(['consume', 'lines', '-K', '=', '--headers', '-n', '1']))).toEqual(['from=test\ta=1'])
  })

  it('what consume prints as JSON, produce takes back, bytes that are no text included', async () => {
    await json(['topics', 'create', 'copied', 'copy', '-p', '1'])
    await twinlog(['produce', 'copied', '--input', 'raw', '-k', 'binary'], Buffer.from([0xff, 0x00, 0xfe]))
    await twinlog(
      ['produce', 'copied', '--input', 'json'],
      '{"key":"k","value":null}\n{"value":{"a":[1]},"headers":{"h":["1","2"]},"timestamp":"2026-01-02T03:04:05Z"}\n',
    )
    const first = await twinlog(['consume', 'copied', '--json'])
    await twinlog(['produce', 'copy', '--input', 'json'], first.stdout)
    const second = await twinlog(['consume', 'copy', '--json'])
    expect(second.stdout.replaceAll('"topic":"copy"', '"topic":"copied"')).toBe(first.stdout)
    const [binary, tombstone, structured] = lines(first).map((line) => JSON.parse(line))
    expect(binary).toMatchObject({ key: 'binary', valueBase64: '/wD+' })
    expect(tombstone.value).toBeNull()
    expect(structured).toMatchObject({ value: '{"a":[1]}', headers: { h: ['1', '2'] }, timestamp: Date.parse('2026-01-02T03:04:05Z') })
    const raw = await twinlog(['consume', 'copied', '--format', 'raw', '-n', '1'])
    expect(raw.stdout.length).toBeGreaterThan(0)
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('a file of many lines compressed with %s comes back whole and in order', async (codec) => {
    const topic = `file-${codec}`
    await json(['topics', 'create', topic, '-p', '1'])
    const file = join(directory, codec)
    const values = Array.from({ length: 8_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 50)}`)
    writeFileSync(file, `${values.join('\n')}\n`)
    expect(await json<{ records: number }>(['produce', topic, file, '-z', codec])).toMatchObject({ records: 8_000 })
    const read = await twinlog(['consume', topic])
    expect(read.stdout).toBe(`${values.join('\n')}\n`)
  })

  it('reading begins where it is told to', async () => {
    await json(['topics', 'create', 'places', '-p', '1'])
    await twinlog(['produce', 'places'], Array.from({ length: 10 }, (_, i) => i).join('\n'))
    const read = async (...args: string[]) => lines(await twinlog(['consume', 'places', ...args])).join('')
    expect(await read('--offset', '7')).toBe('789')
    expect(await read('--offset', '-2')).toBe('89')
    expect(await read('--offset', 'latest')).toBe('')
    expect(await read('-n', '3')).toBe('012')
    expect(await read('--partition', '0', '--offset', '9')).toBe('9')
  })

  it('--follow prints what comes later, and ends well when interrupted', async () => {
    await json(['topics', 'create', 'tail', '-p', '1'])
    await twinlog(['produce', 'tail'], 'old\n')
    const follower = new Product(['consume', 'tail', '--follow'], { env })
    // It has joined once its group is there, and looks then where the end is.
    await expect.poll(async () => (await twinlog(['groups', 'list'])).stdout).toMatch(/twinlog-consume-.*Stable/)
    while (!follower.stdout.includes('new')) await twinlog(['produce', 'tail'], 'new\n')
    follower.signal('SIGINT')
    expect(await follower.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(new\n)+$/), stderr: '' })
    expect((await twinlog(['groups', 'list'])).stdout).not.toContain('twinlog-consume-')
  })

  it('a partition that the topic does not have is refused, and nothing is said to be produced', async () => {
    await json(['topics', 'create', 'narrow', '-p', '2'])
    const refused = { code: 1, stdout: '', stderr: 'twinlog: narrow has no partition 2\n' }
    expect(await twinlog(['produce', 'narrow', '-p', '2'], 'a\n')).toMatchObject(refused)
    expect(await twinlog(['produce', 'narrow', '--input', 'json'], '{"value":"a","partition":2}\n')).toMatchObject(refused)
    await json(['produce', 'narrow', '-p', '1'], 'a\n')
    expect(lines(await twinlog(['consume', 'narrow']))).toEqual(['a'])
  })

  it('a line that is not JSON is named by its number', async () => {
    await json(['topics', 'create', 'broken', '-p', '1'])
    const { code, stderr } = await twinlog(['produce', 'broken', '--input', 'json'], '{"value":1}\nnonsense\n')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^twinlog: line 2 is not JSON/)])
  })
})

describe('groups', () => {
  it('commit what was printed, show their lag, and can be moved and deleted', async () => {
    await json(['topics', 'create', 'work', '-p', '2'])
    await twinlog(['produce', 'work', '-p', '0'], 'a\nb\nc\n')
    expect(lines(await twinlog(['consume', 'work', '-g', 'workers', '-n', '2']))).toEqual(['a', 'b'])
    expect(lines(await twinlog(['consume', 'work', '-g', 'workers']))).toEqual(['c'])
    expect(lines(await twinlog(['consume', 'work', '-g', 'workers']))).toEqual([])
    await twinlog(['produce', 'work', '-p', '0'], 'd\n')
    const [group] = await json<{ state: string; offsets: { partition: number; committed: number; lag: number }[] }[]>([
      'groups',
      'describe',
      'workers',
    ])
    expect(group?.state).toBe('Empty')
    expect(group?.offsets).toContainEqual(expect.objectContaining({ partition: 0, committed: 3, lag: 1 }))
    const moved = await json<{ partitions: { partition: number; from: number; to: number }[] }>([
      'groups',
      'reset-offsets',
      'workers',
      '--topic',
      'work',
      '--to',
      '-2',
      '-p',
      '0',
    ])
    expect(moved.partitions).toEqual([{ partition: 0, from: 3, to: 1 }])
    expect(lines(await twinlog(['consume', 'work', '-g', 'workers']))).toEqual(['b', 'c', 'd'])
    await json(['groups', 'delete', 'workers'])
    expect((await json<{ group: string }[]>(['groups', 'list'])).map(({ group: name }) => name)).not.toContain('workers')
  })

  it('that have members are not moved, and that are unknown are named', async () => {
    await json(['topics', 'create', 'busy', '-p', '1'])
    const member = new Product(['consume', 'busy', '-g', 'present', '--follow'], { env })
    await expect.poll(async () => (await twinlog(['groups', 'list'])).stdout).toMatch(/present +classic +Stable/)
    const reset = await twinlog(['groups', 'reset-offsets', 'present', '-t', 'busy', '--to', 'earliest'])
    expect([reset.code, reset.stderr]).toEqual([1, expect.stringContaining('present has 1 member')])
    const deleted = await twinlog(['groups', 'delete', 'present'])
    expect(deleted.code).toBe(1)
    member.signal('SIGTERM')
    await member.ended
    const unknown = await twinlog(['groups', 'describe', 'strangers'])
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('there is no group strangers')])
  })
})

describe('help and mistakes', () => {
  it.each([
    [[], 'twinlog COMMAND'],
    [['start'], 'twinlog [start]'],
    [['config'], 'twinlog config'],
    [['topics'], 'twinlog topics COMMAND'],
    [['topics', 'create'], 'twinlog topics create TOPIC'],
    [['topics', 'list'], 'twinlog topics list'],
    [['topics', 'describe'], 'twinlog topics describe'],
    [['topics', 'delete'], 'twinlog topics delete'],
    [['topics', 'add-partitions'], 'twinlog topics add-partitions'],
    [['topics', 'alter'], 'twinlog topics alter'],
    [['produce'], 'twinlog produce TOPIC'],
    [['consume'], 'twinlog consume TOPIC'],
    [['groups'], 'twinlog groups COMMAND'],
    [['groups', 'list'], 'twinlog groups list'],
    [['groups', 'describe'], 'twinlog groups describe'],
    [['groups', 'reset-offsets'], 'twinlog groups reset-offsets'],
    [['groups', 'delete'], 'twinlog groups delete'],
    [['streams'], 'twinlog streams COMMAND'],
    [['streams', 'list'], 'twinlog streams list'],
    [['streams', 'create'], 'twinlog streams create'],
    [['streams', 'describe'], 'twinlog streams describe'],
    [['streams', 'reshard'], 'twinlog streams reshard'],
    [['streams', 'delete'], 'twinlog streams delete'],
  ])('%j --help tells how', async (command, start) => {
    const { code, stdout, stderr } = await run([...command, '--help'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(start)
  })

  it('a family without a command says on standard error which there are', async () => {
    const { code, stdout, stderr } = await run(['topics'])
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('twinlog topics COMMAND')])
  })

  it('TWINLOG_BOOTSTRAP set to nothing is not set', async () => {
    const { code, stderr } = await run(['topics', 'list', '-b', ''], { env: { TWINLOG_BOOTSTRAP: '' } })
    expect([code, stderr]).toEqual([2, 'twinlog: --bootstrap names no broker\n'])
    expect(bootstrapServers('a:1')).toEqual([{ host: 'a', port: 1 }])
    vi.stubEnv('TWINLOG_BOOTSTRAP', '')
    expect(bootstrapServers(undefined)).toEqual([{ host: '127.0.0.1', port: 9092 }])
    vi.unstubAllEnvs()
  })

  it('a broker that is not there is a message, not a stack', async () => {
    const { code, stderr } = await run(['topics', 'list', '--bootstrap', '127.0.0.1:1'])
    expect(code).toBe(1)
    expect(stderr).toContain('no broker answers at 127.0.0.1:1')
    expect(stderr).not.toContain('    at ')
  })

  it.runIf(ipv6)('a broker at an IPv6 address is reached, in brackets', async () => {
    const { kafka } = await startProduct(['--memory', '--kafka', '[::1]:0']).ready()
    expect(kafka).toMatch(/^\[::1\]:\d+$/)
    const servers = ['--bootstrap', `127.0.0.1:1,${kafka}`]
    expect(await twinlog(['topics', 'create', 'six', ...servers])).toMatchObject({ code: 0 })
    expect(await twinlog(['produce', 'six', ...servers], 'a\nb\n')).toMatchObject({ code: 0 })
    expect(await twinlog(['consume', 'six', ...servers])).toMatchObject({ code: 0, stdout: 'a\nb\n' })
    expect(await twinlog(['groups', 'list', ...servers])).toMatchObject({ code: 0 })
  })

  it.each([
    [['topics', 'create'], 'something is missing'],
    [['topics', 'make'], 'unknown command twinlog topics make'],
    [['topics', 'create', 'x', '-p', 'many'], '--partitions many is not a whole number from 1'],
    [['topics', 'alter', 'x'], 'give --set KEY=VALUE'],
    [['consume', 'x', '--format', 'xml'], '--format xml is not one of text, json, raw'],
    [['consume', 'x', '--offset', 'middle'], '--offset middle is not earliest'],
    [['consume', 'x', '--bootstrap', 'here'], '--bootstrap here is not HOST:PORT'],
    [['produce', 'x', '--acks', '2'], '--acks 2 is not one of all, 1, 0'],
    [['nonsense'], 'unknown command nonsense'],
    [['topics', 'list', '--bootstrap', '::1:9092'], '--bootstrap ::1:9092 is not HOST:PORT (an IPv6 address in brackets)'],
    [['topics', 'list', '--broker', '127.0.0.1:9092'], 'unknown option --broker; did you mean --bootstrap?'],
    [['start', '--port', '9092'], 'unknown option --port; did you mean --kafka?'],
  ])('%j ends with code 2 and says why', async (command, message) => {
    const { code, stderr } = await run(command)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
