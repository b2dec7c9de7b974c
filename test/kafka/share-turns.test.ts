// Many members that wait on one partition of a share group: what is produced is read once, by the one who gets it.
import { expect, test, vi } from 'vitest'
import { until } from '../until.ts'
import { world } from './share-world.ts'

test('of many waiting members one reads what is produced, and the others do not', async () => {
  await using w = await world()
  const members = await Promise.all(Array.from({ length: 8 }, (_, at) => w.joined(`m${at}`)))
  for (const member of members) await member.fetch()
  const reads = vi.spyOn(w.door.engine, 'read')
  const rounds = 20
  const got: string[] = []
  let polling = members.length
  const poll = async (member: (typeof members)[number]): Promise<void> => {
    while (got.length < rounds) got.push(...(await member.fetch({ maxWaitMs: 600_000 })).values)
    polling--
  }
  const polls = members.map(poll)
  for (let round = 0; round < rounds; round++) {
    await w.produce(`r${round}`)
    await until('it is read', () => got.length > round)
  }
  const readCount = reads.mock.calls.length
  // Those who still wait are let go.
  while (polling > 0) await w.produce('end')
  await Promise.all(polls)
  expect(got.filter((value) => value !== 'end').sort()).toEqual(Array.from({ length: rounds }, (_, round) => `r${round}`).sort())
  expect(readCount).toBeLessThanOrEqual(rounds + 2 * members.length)
})
