// kill -9 at random moments under load, again and again on one directory: whatever was acknowledged is there, once, at its offset, with its
// bytes; batches are whole or absent; trims and drops hold; and opening takes no longer as the store grows.
import { expect, test } from 'vitest'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { childOf } from './child.ts'
import { entriesOf, journalFile, stamp } from './storage-entry.ts'

const kills = Number(process.env['CRASH_KILLS'] ?? 30)
const child = childOf('storage-child', { leastMs: 5, spreadMs: 250 })
const batches = table<{ text: string }>('batches')

/** What was said, over all lives of the child. */
const acknowledged = new Map<string, string>()
const places = new Map<string, { partition: number; offset: number }[]>()
const startsAsked = new Map<number, number>()
const startsHeld = new Map<number, number>()
const dropsAsked = new Set<number>()
const dropsHeld = new Set<number>()

function note([what, ...rest]: string[]): void {
  const partition = Number(rest[0])
  if (what === 'A') acknowledged.set(`${rest[0]} ${rest[1]}`, rest[2]!)
  else if (what === 'B') {
    const [text = '', p1, o1, p2, o2] = rest
    acknowledged.set(`${p1} ${o1}`, text)
    acknowledged.set(`${p2} ${o2}`, text)
    places.set(text, [
      { partition: Number(p1), offset: Number(o1) },
      { partition: Number(p2), offset: Number(o2) },
    ])
  } else if (what === 'T') startsAsked.set(partition, Math.max(startsAsked.get(partition) ?? 0, Number(rest[1])))
  else if (what === 't') startsHeld.set(partition, Number(rest[1]))
  else if (what === 'D') dropsAsked.add(partition)
  else if (what === 'd') dropsHeld.add(partition)
}

async function verify(store: Store): Promise<number> {
  const foundOf = new Map<string, number>()
  let entries = 0
  for (let partition = 0; partition < 10; partition++) {
    const { startOffset, endOffset, bytes } = await store.log.bounds(partition)
    expect(startOffset).toBeGreaterThanOrEqual(startsHeld.get(partition) ?? 0)
    expect(startOffset).toBeLessThanOrEqual(startsAsked.get(partition) ?? 0)
    const at = new Map<number, string>()
    let next = startOffset
    let weight = 0
    while (next < endOffset) {
      const [result] = await store.log.read([{ partition, fromOffset: next, bytesMax: 8_000_000 }])
      expect(result!.chunks.length).toBeGreaterThan(0)
      for (const chunk of result!.chunks) {
        expect(chunk.baseOffset).toBeLessThanOrEqual(next)
        weight += chunk.bytes.length
        for (const { offset, text } of entriesOf(chunk.bytes)) {
          expect(at.has(offset)).toBe(false)
          at.set(offset, text)
          foundOf.set(`${partition} ${text}`, (foundOf.get(`${partition} ${text}`) ?? 0) + 1)
        }
        next = chunk.endOffset
      }
    }
    expect(next).toBe(endOffset)
    expect(weight).toBe(bytes)
    entries += at.size
    for (const [place, text] of acknowledged) {
      const [id, offset] = place.split(' ').map(Number)
      if (id === partition && offset! >= startOffset) expect(`${place} ${at.get(offset!)}`).toBe(`${place} ${text}`)
    }
  }
  for (const [text, times] of foundOf) expect(`${text} ${times}`).toBe(`${text} 1`)
  // A batch is whole: with its row, both appends; without, neither. Their partitions are never trimmed.
  const rows = new Set((await store.tables.list(batches)).map(({ row }) => row.text))
  for (const text of places.keys()) expect(rows.has(text)).toBe(true)
  const halves = new Map<string, number>()
  for (const key of foundOf.keys()) {
    const [, text = ''] = key.split(' ')
    if (!text.includes('.b')) continue
    expect(`${text} ${rows.has(text)}`).toBe(`${text} true`)
    halves.set(text, (halves.get(text) ?? 0) + 1)
  }
  for (const text of rows) expect(`${text} ${halves.get(text)}`).toBe(`${text} 2`)
  for (const partition of dropsHeld) expect(await store.log.bounds(partition)).toMatchObject({ endOffset: 0, segmentCount: 0 })
  return entries
}

test(`nothing acknowledged is lost over ${kills} kills`, async () => {
  const openMs: number[] = []
  let entries = 0
  // On a slow disk a life may end before its first commit: then there are more of them.
  for (let life = 0; life < kills || acknowledged.size <= kills; life++) {
    for (const line of await child.liveAndDie(life)) note(line)
    const began = process.cpuUsage()
    const store = await openLmdbStore(child.directory, {
      stamp,
      now: Date.now,
      flush: 'sync',
      recentBytesMax: 0,
      journalFile,
      onFailure: (error) => expect.fail(error.message),
    })
    const { user, system } = process.cpuUsage(began)
    openMs.push((user + system) / 1000)
    entries = await verify(store)
    await store.close()
  }
  const longest = Math.max(...openMs)
  console.log(
    `${acknowledged.size} appends acknowledged, ${entries} entries kept, ${dropsHeld.size} partitions dropped; opening took ${longest.toFixed(1)} ms of the processor at most`,
  )
  expect(longest).toBeLessThan(1000)
}, 600_000)
