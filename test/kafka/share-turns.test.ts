// Many members that wait on one partition of a share group: what is produced is read once, by the one who gets it.
import { expect, test, vi } from 'vitest'
import { world } from './share-world.ts'

test('of many waiting members one reads what is produced, and the others do not', async () => {
  await using w = await world()
  const members = await Promise.all(Array.from({ length: 8 }, (_, at) => w.joined(`m${at}`)))
  for (const member of members) await member.fetch()
  const reads = vi.spyOn(w.door.engine, 'read')
  const rounds = 20
  const got: string[] = []
  const poll = async (member: (typeof members)[number]): Promise<void> => {
    while (got.length < rounds) got.push(...(await member.fetch({ maxWaitMs: got.length < rounds ? 2000 : 0 })).values)
  }
  const polls = members.map(poll)
  for (let round = 0; round < rounds; round++) {
    await w.produce(`r${round}`)
    await vi.waitFor(() => expect(got.length).toBeGreaterThan(round), { interval: 2 })
  }
  // Those who still wait are let go.
  for (const _ of members) await w.produce('end')
  await Promise.all(polls)
  expect(got.filter((value) => value !== 'end').sort()).toEqual(Array.from({ length: rounds }, (_, round) => `r${round}`).sort())
  expect(reads.mock.calls.length).toBeLessThanOrEqual(rounds + 2 * members.length)
})
