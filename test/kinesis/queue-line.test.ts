// The line of those who wait on one queue: in order, one at a time, and out of turn only when there is no time left.
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Line } from '../../src/kinesis/queues/line.ts'

const never = new AbortController().signal
const settled = () => new Promise((done) => setImmediate(done))

test('the next in line waits when the one before has done, whether it found anything or failed', async () => {
  const line = new Line(new ManualClock())
  const began: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const stand = (name: string) =>
    line.stand(Number.MAX_SAFE_INTEGER, never, () => {
      began.push(name)
      return new Promise<string>((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve(name))))
    })
  const all = ['a', 'b', 'c'].map(stand)
  await settled()
  expect(began).toEqual(['a'])
  ends.get('a')!()
  expect(await all[0]).toBe('a')
  await settled()
  expect(began).toEqual(['a', 'b'])
  ends.get('b')!(new Error('broken'))
  await expect(all[1]).rejects.toThrow('broken')
  await settled()
  expect(began).toEqual(['a', 'b', 'c'])
  ends.get('c')!()
  expect(await all[2]).toBe('c')
  expect(line.length).toBe(0)
})

test('at its deadline, or when its client goes, a place in line is left with a last look', async () => {
  const clock = new ManualClock()
  const line = new Line(clock)
  let end = (): void => {}
  const first = line.stand(Number.MAX_SAFE_INTEGER, never, () => new Promise<void>((resolve) => (end = resolve)))
  const late = line.stand(clock.now() + 1000, never, async () => 'looked')
  const gone = new AbortController()
  const hungUp = line.stand(clock.now() + 5000, gone.signal, async () => 'looked too')
  const last = line.stand(clock.now() + 5000, never, async () => 'served')
  expect(line.length).toBe(4)
  await clock.advance(1000)
  expect(await late).toBe('looked')
  gone.abort()
  expect(await hungUp).toBe('looked too')
  expect(line.length).toBe(2)
  end()
  await first
  expect(await last).toBe('served')
})
