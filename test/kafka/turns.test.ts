// Turns of long work on the one thread, with a clock and rounds of the test's own.
import { expect, test } from 'vitest'
import { Turns } from '../../src/kafka/turns.ts'

function startTurns() {
  let nowMs = 0
  const rounds: (() => void)[] = []
  const turns = new Turns({ nowMs: () => nowMs, nextRound: (begun) => void rounds.push(begun) })
  const pass = (ms: number): void => {
    nowMs += ms
  }
  /** One round of the event loop; false where nobody asked for one. */
  const round = async (): Promise<boolean> => {
    const begun = rounds.splice(0)
    for (const begin of begun) begin()
    await Promise.resolve()
    return begun.length > 0
  }
  return { turns, pass, round }
}

test('long work has a slice of a round, all of it together, and the next one in the next round', async () => {
  const { turns, pass, round } = startTurns()
  expect(turns.over).toBe(false)
  pass(3)
  expect(turns.over).toBe(false)
  pass(3)
  expect(turns.over).toBe(true)
  const done: string[] = []
  const [first, second] = [turns.next().then(() => done.push('first')), turns.next().then(() => done.push('second'))]
  await round()
  expect(done).toEqual(['first'])
  expect(turns.over).toBe(false)
  pass(6)
  expect(turns.over).toBe(true)
  await round()
  expect(done).toEqual(['first', 'second'])
  await Promise.all([first, second])
  while (await round());
  expect(turns.over).toBe(false)
})

test('who comes new waits behind those who wait already', async () => {
  const { turns, pass, round } = startTurns()
  expect(turns.over).toBe(false)
  pass(6)
  const done: string[] = []
  const work = async (name: string): Promise<void> => {
    for (let step = 0; step < 2; step++) {
      if (turns.over) await turns.next()
      done.push(name)
      pass(6)
    }
  }
  const all = [work('a'), work('b')]
  while (await round()) await Promise.resolve()
  await Promise.all(all)
  expect(done).toEqual(['a', 'b', 'a', 'b'])
})
