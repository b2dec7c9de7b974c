// The server-side assignors on random groups: every partition once and only to a reader, fair, and as little moved as can be.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssignorMember, assignors } from '../../src/coordinators/group/assignors/assignor.ts'
import { countPartitions, partitionsOf, type Spread, without } from '../../src/coordinators/group/spread.ts'

interface Case {
  counts: number[]
  /** By member: which topics it reads, as bits. */
  reads: number[]
}

const topicId = (at: number): string => `t${at}`
const countsOf = ({ counts }: Case): Map<string, number> => new Map(counts.map((count, at) => [topicId(at), count]))

/** Members with equal subscriptions share one array, as the group hands them in. */
function membersOf({ counts, reads }: Case, held: ReadonlyMap<string, Spread>, names: readonly string[]): AssignorMember[] {
  const shared = new Map<number, string[]>()
  return reads.map((bits, at) => {
    const topicIds = shared.get(bits) ?? counts.flatMap((_, topic) => (bits & (1 << topic) ? [topicId(topic)] : []))
    shared.set(bits, topicIds)
    return { id: names[at]!, instanceId: null, topicIds, held: held.get(names[at]!) ?? [] }
  })
}

function checkWhole(members: readonly AssignorMember[], counts: ReadonlyMap<string, number>, given: ReadonlyMap<string, Spread>): void {
  const seen = new Set<string>()
  for (const member of members) {
    for (const [id, partitions] of given.get(member.id)!) {
      expect(member.topicIds).toContain(id)
      expect(partitions.length).toBeGreaterThan(0)
      for (const partition of partitions) {
        expect(seen.has(`${id}/${partition}`)).toBe(false)
        expect(partition).toBeLessThan(counts.get(id)!)
        seen.add(`${id}/${partition}`)
      }
    }
  }
  const read = new Set(members.flatMap(({ topicIds }) => topicIds))
  let all = 0
  for (const [id, count] of counts) if (read.has(id)) all += count
  expect(seen.size).toBe(all)
}

const sizes = (given: ReadonlyMap<string, Spread>): number[] => [...given.values()].map(countPartitions)
const spreadWidth = (numbers: number[]): number => Math.max(...numbers) - Math.min(...numbers)
const movedFrom = (before: ReadonlyMap<string, Spread>, after: ReadonlyMap<string, Spread>): number =>
  [...before].reduce((sum, [id, spread]) => sum + countPartitions(without(spread, after.get(id) ?? [])), 0)

const names = Array.from({ length: 12 }, (_, at) => `m${at}`)
const anyCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }),
    fc.array(fc.integer({ min: 0, max: 31 }), { minLength: 1, maxLength: 9 }),
  )
  .map(([counts, reads]) => ({ counts, reads }))
const alike = (one: Case): Case => ({ ...one, reads: one.reads.map(() => 31) })

describe.each(['uniform', 'range'])('%s', (name) => {
  const assign = assignors.get(name)!

  test('gives every partition that somebody reads to one reader, whatever was held before', () => {
    fc.assert(
      fc.property(anyCase, anyCase, (first, second) => {
        const before = assign(membersOf(first, new Map(), names), countsOf(first))
        checkWhole(membersOf(first, new Map(), names), countsOf(first), before)
        const members = membersOf(second, before, names)
        checkWhole(members, countsOf(second), assign(members, countsOf(second)))
      }),
    )
  })

  test('moves nothing when nothing has changed', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const before = assign(membersOf(one, new Map(), names), countsOf(one))
        expect(assign(membersOf(one, before, names), countsOf(one))).toEqual(before)
      }),
    )
  })

  test('a thousand members on a thousand partitions are no burden', () => {
    const ids = Array.from({ length: 1000 }, (_, at) => `m${at}`)
    const one: Case = { counts: [1000], reads: ids.map(() => 1) }
    const before = assign(membersOf(one, new Map(), ids), countsOf(one))
    expect(sizes(before)).toEqual(ids.map(() => 1))
    // Of the processor, which others may have for most of the time: a few milliseconds.
    const began = process.cpuUsage()
    assign(membersOf({ ...one, reads: one.reads.slice(1) }, before, ids), countsOf(one))
    expect(process.cpuUsage(began).user).toBeLessThan(500_000)
  })
})

describe('uniform', () => {
  const assign = assignors.get('uniform')!

  test('is level where all read the same, and a member that joins or leaves moves no more than its share', () => {
    fc.assert(
      fc.property(anyCase.map(alike), fc.nat(8), (one, gone) => {
        const counts = countsOf(one)
        const before = assign(membersOf(one, new Map(), names), counts)
        expect(spreadWidth(sizes(before))).toBeLessThanOrEqual(1)
        const more = { ...one, reads: [...one.reads, 31] }
        const joined = assign(membersOf(more, before, names), counts)
        expect(spreadWidth(sizes(joined))).toBeLessThanOrEqual(1)
        expect(movedFrom(before, joined)).toBe(countPartitions(joined.get(names[one.reads.length]!)!))
        if (one.reads.length < 2) return
        const rest = membersOf(one, before, names).filter((_, at) => at !== gone % one.reads.length)
        const left = assign(rest, counts)
        expect(spreadWidth(sizes(left))).toBeLessThanOrEqual(1)
        const stayed = new Map([...before].filter(([id]) => left.has(id)))
        expect(movedFrom(stayed, left)).toBe(0)
      }),
    )
  })

  test('where subscriptions differ, nobody holds what a reader with two less could have', () => {
    fc.assert(
      fc.property(anyCase, anyCase, (first, second) => {
        const members = membersOf(second, assign(membersOf(first, new Map(), names), countsOf(first)), names)
        const given = assign(members, countsOf(second))
        for (const rich of members) {
          for (const [id] of given.get(rich.id)!) {
            for (const poor of members) {
              if (poor.topicIds.includes(id)) {
                expect(countPartitions(given.get(rich.id)!) - countPartitions(given.get(poor.id)!)).toBeLessThan(2)
              }
            }
          }
        }
      }),
    )
  })
})

describe('range', () => {
  const assign = assignors.get('range')!

  test('ranges are contiguous, and topics with equal counts and readers are cut alike', () => {
    fc.assert(
      fc.property(anyCase, anyCase, (first, second) => {
        const even = (one: Case): Case => ({ ...one, counts: one.counts.map(() => one.counts[0]!) })
        const before = assign(membersOf(even(alike(first)), new Map(), names), countsOf(even(alike(first))))
        const one = even(alike(second))
        const given = assign(membersOf(one, before, names), countsOf(one))
        for (const spread of given.values()) {
          const [range = []] = spread.map(([, partitions]) => partitions)
          for (const [id, partitions] of spread) {
            expect(partitions).toEqual(Array.from(partitions, (_, at) => partitions[0]! + at))
            expect(partitionsOf(spread, id)).toEqual(range)
          }
        }
      }),
    )
  })

  test('a newcomer stands behind those that hold ranges', () => {
    const one: Case = { counts: [6], reads: [1, 1] }
    const before = assign(membersOf(one, new Map(), ['m5', 'm6']), countsOf(one))
    const after = assign(membersOf({ ...one, reads: [1, 1, 1] }, before, ['m5', 'm6', 'm0']), countsOf(one))
    expect(Object.fromEntries(after)).toEqual({ m5: [['t0', [0, 1]]], m6: [['t0', [2, 3]]], m0: [['t0', [4, 5]]] })
  })
})
