// Background work at a pace: bytes cost time, by a clock that is advanced by hand.
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Pace } from '../../src/engine/pace.ts'

const wanted = () => false

/** How long it took, in steps of 10 ms. */
async function elapsedMs(clock: ManualClock, work: Promise<void>): Promise<number> {
  let done = false
  work.then(() => {
    done = true
  })
  const startMs = clock.now()
  for (let i = 0; i < 1000; i++) {
    await new Promise((settled) => setImmediate(settled))
    if (done) return clock.now() - startMs
    await clock.advance(10)
  }
  throw new Error('it never ends')
}

test('bytes take the time that they are worth, one after the other', async () => {
  const clock = new ManualClock()
  const pace = new Pace({ clock, bytesPerSecondMax: () => 1000 })
  expect(await elapsedMs(clock, pace.spend(500, wanted))).toBe(500)
  expect(
    await elapsedMs(
      clock,
      Promise.all([pace.spend(300, wanted), pace.spend(200, wanted)]).then(() => {}),
    ),
  ).toBe(500)
})

test('without a limit nothing waits, and time that passed is not saved up', async () => {
  const clock = new ManualClock()
  expect(await elapsedMs(clock, new Pace({ clock, bytesPerSecondMax: () => Number.MAX_VALUE }).spend(1e12, wanted))).toBe(0)
  const pace = new Pace({ clock, bytesPerSecondMax: () => 1000 })
  await clock.advance(60_000)
  expect(await elapsedMs(clock, pace.spend(1000, wanted))).toBe(1000)
})

test('a wait ends soon after the work is no longer wanted', async () => {
  const clock = new ManualClock()
  let closed = false
  const spent = new Pace({ clock, bytesPerSecondMax: () => 1 }).spend(1_000_000, () => closed)
  await clock.advance(1000)
  closed = true
  expect(await elapsedMs(clock, spent)).toBeLessThanOrEqual(100)
})

test('a clock that is set back makes nobody wait for it', async () => {
  const clock = new ManualClock()
  let offMs = 0
  const settable = { now: () => clock.now() + offMs, at: (atMs: number, action: () => void) => clock.at(atMs - offMs, action) }
  const unlimited = new Pace({ clock: settable, bytesPerSecondMax: () => Number.MAX_VALUE })
  const limited = new Pace({ clock: settable, bytesPerSecondMax: () => 1000 })
  await unlimited.spend(1, wanted)
  const spent = limited.spend(500, wanted)
  await clock.advance(100)
  offMs = -3_600_000
  expect(await elapsedMs(clock, unlimited.spend(1, wanted))).toBe(0)
  // What passed in the slice that the change fell into is not known.
  expect(await elapsedMs(clock, spent)).toBeLessThanOrEqual(500)
})
