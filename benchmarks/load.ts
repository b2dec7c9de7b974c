// How load is made: so many requests at a time until the work is done, or so many a second; and what it cost the server meanwhile.
import type { Server } from './servers.ts'
import { type Usage, usageOf } from './servers.ts'

export interface Cost {
  seconds: number
  cpuSeconds: number
  after: Usage
}

/** Does the work and tells how long it took and what the server used. */
export async function costOf(server: Server, work: () => Promise<unknown>): Promise<Cost> {
  const before = usageOf(server.pid)
  const startedMs = performance.now()
  await work()
  const seconds = (performance.now() - startedMs) / 1000
  const after = usageOf(server.pid)
  return { seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, after }
}

/** `count` calls of `send`, `atOnce` at a time; each learns its number, and which of those at once it is. */
export async function closedLoop(count: number, atOnce: number, send: (n: number, lane: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async (_, lane) => {
      while (next < count) await send(next++, lane)
    }),
  )
}

/** The same for some seconds; answers how long each call took, in milliseconds. */
export async function closedLoopFor(seconds: number, atOnce: number, send: (n: number, lane: number) => Promise<void>): Promise<number[]> {
  const taken: number[] = []
  let next = 0
  const untilMs = performance.now() + seconds * 1000
  await Promise.all(
    Array.from({ length: atOnce }, async (_, lane) => {
      for (let beganMs = performance.now(); beganMs < untilMs; beganMs = performance.now()) {
        await send(next++, lane)
        taken.push(performance.now() - beganMs)
      }
    }),
  )
  return taken
}

/** Calls `send` at a steady rate, whatever has been answered, and waits for all of them. */
export async function openLoop(perSecond: number, seconds: number, send: (n: number) => Promise<void>): Promise<void> {
  const pending: Promise<void>[] = []
  const count = Math.max(1, Math.round(perSecond * seconds))
  const startedMs = performance.now()
  while (pending.length < count) {
    const due = Math.min(count, ((performance.now() - startedMs) / 1000) * perSecond)
    while (pending.length < due) pending.push(send(pending.length))
    await new Promise((later) => setTimeout(later, 1))
  }
  await Promise.all(pending)
}

/** Asks until it is so; how long that took, in milliseconds. */
export async function until(asked: () => Promise<boolean>, everyMs: number, msMax = 120_000): Promise<number> {
  const startedMs = performance.now()
  while (!(await asked())) {
    if (performance.now() - startedMs > msMax) throw new Error(`it was not so within ${msMax} ms`)
    await new Promise((again) => setTimeout(again, everyMs))
  }
  return performance.now() - startedMs
}

export const anonymousMb = (usage: Usage): number => usage.anonymousBytes / 1e6
