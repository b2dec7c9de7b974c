// The queue on an array: what leaves it is let go, and the rest keeps its order.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Fifo } from '../../storage/fifo.ts'

test('items leave in the order in which they came, however many come between', () => {
  const fifo = new Fifo<number>()
  const left: number[] = []
  for (let i = 0; i < 500; i++) {
    fifo.push(i)
    if (i % 3 > 0) left.push(fifo.shift()!)
    expect(fifo.at(0)).toBe(left.length <= i ? left.length : undefined)
  }
  fifo.filter((item) => item % 2 === 0)
  while (fifo.length > 0) left.push(fifo.shift()!)
  expect(left.slice(0, 333)).toEqual(Array.from({ length: 333 }, (_, i) => i))
  expect(left.slice(333)).toEqual(Array.from({ length: 83 }, (_, i) => 334 + 2 * i))
  expect(fifo.shift()).toBeUndefined()
})

/** One that went through the queue, as far as it can still be reached. */
function passed(fifo: Fifo<object>): WeakRef<object> {
  fifo.push({})
  return new WeakRef(fifo.shift()!)
}

test('an item that has left is not kept alive', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const fifo = new Fifo<object>()
  const left = passed(fifo)
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(left.deref()).toBeUndefined()
  expect(fifo.length).toBe(0)
})
