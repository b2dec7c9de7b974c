// Group commit and what a failed commit does to those that wait, with an environment whose commits end as the test says.
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PlanContext } from '../../storage/commit-plan.ts'
import { Journal } from '../../storage/journal.ts'
import type { JournalFile } from '../../storage/journal-file.ts'
import { chunkKey } from '../../storage/keys.ts'
import type { Changes, KeyRange, LmdbEnvironment } from '../../storage/lmdb-environment.ts'
import { createLmdbLog } from '../../storage/lmdb-log.ts'
import { batchWrite } from '../../storage/lmdb-tables.ts'
import type { Log } from '../../storage/log.ts'
import { PartitionBook } from '../../storage/partition-book.ts'
import { RecentChunks } from '../../storage/recent-chunks.ts'
import { journalUsual, StorageFull, StoreFailed } from '../../storage/store.ts'
import { WriteQueue } from '../../storage/write-queue.ts'
import { run, storeOptions, TestClock } from '../contract/harness.ts'

interface Commit {
  changes: Changes
  succeed(): void
  fail(error: Error): void
}

const chunkKeyBytes = chunkKey(1, { baseOffset: 0, endOffset: 1, position: 0, maxTimestampMs: 0, runningMaxTimestampMs: 0 }).length

let commits: Commit[] = []
let queue: WriteQueue
let log: Log
let context: PlanContext
let failures: StoreFailed[] = []
let roomBytes = 1e9
const stored = new Map<string, Buffer>()

beforeEach(() => {
  // An earlier test's queue may still tidy up: into its own list.
  const own: Commit[] = []
  commits = own
  stored.clear()
  failures = []
  roomBytes = 1e9
  const environment = {
    directory: 'nowhere',
    room: { forValues: () => roomBytes, forDeletes: () => true },
    commit: (changes: Changes) =>
      new Promise<void>((resolve, fail) => {
        const succeed = () => {
          for (const { key, value } of changes.list) if (value) stored.set(key.toString('latin1'), key)
          resolve()
        }
        own.push({ changes, succeed, fail })
      }),
    view: () => undefined,
    entries: () => [],
    keys: ({ start, end, reverse, limit }: KeyRange) => {
      const [low, high] = (reverse ? [end!, start] : [start, end!]).map((key) => key.toString('latin1'))
      const inside = [...stored.keys()].filter((key) => key >= low! && key < high!).sort()
      return (reverse ? inside.reverse() : inside).slice(0, limit).map((key) => stored.get(key)!)
    },
  } as unknown as LmdbEnvironment
  const journal = new Journal(journalUsual.settleBytes)
  context = {
    environment,
    journal,
    file: null,
    book: new PartitionBook(environment, journal),
    recent: new RecentChunks(1e6),
    policies: new Map(),
    options: storeOptions(new TestClock(), { onFailure: (error) => failures.push(error) }),
  }
  queue = new WriteQueue(context)
  log = createLmdbLog(context, queue, async (look) => look())
})

afterEach(() => vi.useRealTimers())

/** The nth commit, once it was started. */
async function commit(n: number): Promise<Commit> {
  await expect.poll(() => commits.length).toBeGreaterThan(n)
  return commits[n]!
}
const append = (text: string, size = 0) => log.append(run(1, text, { size }))
/** How each ended, in the order they ended. */
function track(ended: string[], name: string, write: Promise<unknown>): void {
  write.then(
    () => ended.push(name),
    (error: Error) => ended.push(`${name} ${error.name}`),
  )
}

describe('commits', () => {
  test('one is in flight; what arrives meanwhile shares the next', async () => {
    const ended: string[] = []
    track(ended, 'a', append('a'))
    const first = await commit(0)
    for (const name of ['b', 'c', 'd']) track(ended, name, append(name))
    await new Promise((resolve) => setImmediate(resolve))
    expect(commits).toHaveLength(1)
    expect((await log.bounds(1)).endOffset).toBe(0)
    first.succeed()
    const second = await commit(1)
    expect(ended).toEqual(['a'])
    expect((await log.bounds(1)).endOffset).toBe(1)
    second.succeed()
    await expect.poll(() => ended).toEqual(['a', 'b', 'c', 'd'])
    expect(commits).toHaveLength(2)
  })

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('one write is committed at the end of its turn; several that come right after a commit wait for those of the next turn', async () => {
    // Time stands still, and with it the timer that looks for garbage, which commits what it finds waiting.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    queue = new WriteQueue(context)
    log = createLmdbLog(context, queue, async (look) => look())
    void append('alone')
    await turn()
    expect(commits).toHaveLength(1)
    commits[0]!.succeed()
    while (queue.figures.commits < 1) await turn()
    for (const name of ['a', 'b']) void append(name)
    await turn()
    expect(commits).toHaveLength(1)
    for (const name of ['c', 'd']) void append(name)
    await turn()
    expect(commits).toHaveLength(2)
    commits[1]!.succeed()
    while (queue.figures.appends < 5) await turn()
    vi.advanceTimersByTime(1)
    for (const name of ['e', 'f']) void append(name)
    await turn()
    expect(commits).toHaveLength(3)
    commits[2]!.succeed()
  })

  test('writes of so many bytes wait for nobody', async () => {
    void append('first')
    ;(await commit(0)).succeed()
    await expect.poll(() => queue.figures.commits).toBe(1)
    for (const name of ['a', 'b', 'c']) void append(name, 100_000)
    await turn()
    expect(commits).toHaveLength(2)
    commits[1]!.succeed()
  })

  test('small appends of a partition become one value, large ones go in as they are', async () => {
    const large = run(1, 'large', { size: 100_000 })
    for (const request of [run(1, 'a'), run(1, 'b'), large, run(1, 'c'), run(1, 'd')]) void log.append(request)
    const values = (await commit(0)).changes.list.flatMap(({ key, value }) => (value && key.length === chunkKeyBytes ? [value] : []))
    expect(values.map((value) => value.length)).toEqual([34, 100_000, 34])
    expect(values[1]).toBe(large.bytes)
    commits[0]!.succeed()
  })

  test('joining stops at a segment’s end, where it would have stopped one by one', async () => {
    log.setSegmentPolicy(1, { segmentBytes: 250, segmentMs: 1e12 })
    const pending = Array.from({ length: 5 }, (_, i) => append(`${i}`, 100))
    ;(await commit(0)).succeed()
    await Promise.all(pending)
    expect((await log.bounds(1)).segmentCount).toBe(3)
  })

  test('what a trim or a drop took is not kept in memory', async () => {
    const pending = [append('a', 100), append('b', 100_000), log.append(run(2, 'c', { size: 100 }))]
    ;(await commit(0)).succeed()
    await Promise.all(pending)
    // The other partition's is in the journal.
    expect(context.recent.bytes).toBe(100_100)
    const trimmed = log.trim(1, 1)
    ;(await commit(1)).succeed()
    await trimmed
    expect(context.recent.bytes).toBe(100_000)
    const dropped = Promise.all([log.drop(1), log.drop(2)])
    ;(await commit(2)).succeed()
    await dropped
    expect(context.recent.bytes).toBe(0)
    expect(context.journal.pieces(2)).toEqual([])
  })

  test('a write that throws leaves no trace in its commit', async () => {
    const ended: string[] = []
    const good = append('a')
    const stamp = context.options.stamp
    context.options.stamp = (bytes, baseOffset, epoch) => {
      if (bytes.includes('bad')) throw new Error('unstampable')
      stamp(bytes, baseOffset, epoch)
    }
    track(
      ended,
      'batch',
      queue.submit(
        batchWrite([
          { do: 'append', request: run(1, 'fine') },
          { do: 'put', table: 't', key: [1], row: 1 },
          { do: 'append', request: run(1, 'bad') },
        ]),
      ),
    )
    const last = append('b')
    const { changes, succeed } = await commit(0)
    expect(changes.list.some(({ value }) => value?.includes('fine'))).toBe(false)
    succeed()
    expect([(await good).baseOffset, (await last).baseOffset]).toEqual([0, 1])
    expect(ended).toEqual(['batch Error'])
  })
})

describe('a commit that finds no room', () => {
  test('rejects its appends and those that wait behind it, and gives their offsets out again', async () => {
    const ended: string[] = []
    track(ended, 'a', append('a'))
    const first = await commit(0)
    track(ended, 'b', append('b'))
    first.fail(new StorageFull('full'))
    await expect.poll(() => ended).toEqual(['a StorageFull', 'b StorageFull'])
    expect((await log.bounds(1)).endOffset).toBe(0)
    const again = append('c')
    ;(await commit(1)).succeed()
    expect((await again).baseOffset).toBe(0)
    expect(failures).toEqual([])
  })

  test('keeps what frees room and tries that by itself', async () => {
    const filled = append('a')
    ;(await commit(0)).succeed()
    await filled
    const ended: string[] = []
    track(ended, 'b', append('b'))
    track(ended, 'trim', log.trim(1, 1))
    ;(await commit(1)).fail(new StorageFull('full'))
    const third = await commit(2)
    expect(ended).toEqual(['b StorageFull'])
    third.succeed()
    await expect.poll(() => ended).toEqual(['b StorageFull', 'trim'])
    expect(await log.bounds(1)).toMatchObject({ startOffset: 1, endOffset: 1 })
    const dropped = log.drop(1)
    ;(await commit(3)).fail(new StorageFull('full'))
    await expect(dropped).rejects.toThrow(StorageFull)
  })

  test('is not even tried where the disk has no room for it', async () => {
    roomBytes = 1000
    const ended: string[] = []
    track(ended, 'fits', append('a', 900))
    track(ended, 'too large', append('b', 1100))
    track(ended, 'behind it', append('c', 10))
    ;(await commit(0)).succeed()
    await expect.poll(() => ended).toEqual(['fits', 'too large StorageFull', 'behind it StorageFull'])
    expect(commits).toHaveLength(1)
  })
})

describe('a commit that fails for good', () => {
  test('rejects everything from then on, says so once, and leaves what is committed to readers', async () => {
    const stored = append('a')
    ;(await commit(0)).succeed()
    await stored
    const ended: string[] = []
    track(ended, 'b', append('b'))
    const second = await commit(1)
    track(ended, 'c', append('c'))
    second.fail(new StoreFailed('the disk is gone'))
    await expect.poll(() => ended).toEqual(['b StoreFailed', 'c StoreFailed'])
    await expect(append('d')).rejects.toThrow('the disk is gone')
    expect(failures.map(({ message }) => message)).toEqual(['the disk is gone'])
    expect((await log.bounds(1)).endOffset).toBe(1)
    await queue.close()
  })

  test('a store that failed beside its commits closes all the same', async () => {
    // The file was removed, say: nothing asked the queue.
    const ended: string[] = []
    track(ended, 'a', append('a'))
    queue.fail(new StoreFailed('removed'))
    track(ended, 'closed', queue.close())
    await expect.poll(() => ended).toEqual(['a StoreFailed', 'closed'])
  })

  test('and so does one whose commit under way fails after that', async () => {
    const ended: string[] = []
    track(ended, 'a', append('a'))
    const first = await commit(0)
    queue.fail(new StoreFailed('removed'))
    track(ended, 'closed', queue.close())
    first.fail(new Error('EIO'))
    await expect.poll(() => ended).toEqual(['a StoreFailed', 'closed'])
    expect(failures.map(({ message }) => message)).toEqual(['removed'])
  })

  test('an error of another kind counts as that', async () => {
    const write = append('a')
    ;(await commit(0)).fail(new Error('surprise'))
    await expect(write).rejects.toThrow(StoreFailed)
    expect(failures).toHaveLength(1)
  })
})

describe('settlements', () => {
  /** Of the file no more than that it takes everything. */
  const takesAll = {
    inUse: true,
    crowded: false,
    wanted: false,
    floor: 0,
    takes: () => true,
    write: () => undefined,
    mark: () => null,
    recorded: () => {},
  }
  const whole = journalUsual.settleBytes
  beforeEach(() => {
    context.file = takesAll as unknown as JournalFile
  })
  /** One at a time, so that each is small by itself. */
  async function fillSlowly(): Promise<void> {
    for (let i = 0; i < whole / 16_384; i++) await append(`r${i}`, 16_384)
  }
  const chunksOf = ({ changes }: Commit) => changes.list.filter(({ key, value }) => value && key.length === chunkKeyBytes).length

  test('small appends go on while one is under way, and others wait for it', async () => {
    await fillSlowly()
    const settlement = await commit(0)
    expect(chunksOf(settlement)).toBe(1)
    const { endOffset } = await log.bounds(1)
    const ended: string[] = []
    await append('meanwhile', 100)
    track(ended, 'large', append('large', 100_000))
    track(ended, 'behind', append('behind', 100))
    await new Promise((resolve) => setImmediate(resolve))
    expect(commits).toHaveLength(1)
    expect(context.journal.pieces(1)).toHaveLength(whole / 16_384 + 1)
    settlement.succeed()
    const next = await commit(1)
    // What was taken is in a chunk, and what came meanwhile is stored with what waited.
    expect(chunksOf(next)).toBe(3)
    next.succeed()
    await expect.poll(() => ended).toEqual(['large', 'behind'])
    expect((await log.bounds(1)).endOffset).toBe(endOffset + 3)
    expect(context.journal.pieces(1)).toHaveLength(0)
  })

  test('one that finds no room changes nothing, and is tried again later', async () => {
    await fillSlowly()
    const pieces = context.journal.pieces(1).length
    // A second later it would be: no time passes.
    const time = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    onTestFinished(() => time.mockRestore())
    ;(await commit(0)).fail(new StorageFull('full'))
    await append('after', 100)
    expect(context.journal.pieces(1)).toHaveLength(pieces + 1)
    expect(commits).toHaveLength(1)
    expect(failures).toEqual([])
  })

  test('one that fails ends the store, with what waited for it', async () => {
    await fillSlowly()
    const settlement = await commit(0)
    const ended: string[] = []
    track(ended, 'large', append('large', 100_000))
    await new Promise((resolve) => setImmediate(resolve))
    settlement.fail(new Error('EIO'))
    await expect.poll(() => ended).toEqual(['large StoreFailed'])
    expect(failures).toHaveLength(1)
  })

  test('a store that is closed waits for one that is under way', async () => {
    await fillSlowly()
    const settlement = await commit(0)
    const ended: string[] = []
    track(ended, 'closed', queue.close())
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toEqual([])
    settlement.succeed()
    await expect.poll(() => ended).toEqual(['closed'])
  })
})
