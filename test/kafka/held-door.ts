// Doors whose handlers answer when the test says so: for the tests of order, bounds and bad frames of a connection.
import { afterEach } from 'vitest'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { handler } from '../../src/kafka/context.ts'
import { type Door, type DoorOptions, readAnswer, startDoor, type Wire } from './harness.ts'

/** Requests that handlers were given, each with the means to let it go on and to answer. */
export interface Held {
  memberId: string
  proceed(): void
  answer(errorCode?: number): void
  fail(error: unknown): void
  /** Bytes of answers that are counted for the whole door. */
  answerBytes(): number
}

let doors: Door[] = []
afterEach(async () => {
  for (const door of doors) await door[Symbol.asyncDispose]()
  doors = []
})

export async function start(options: DoorOptions = {}): Promise<Door> {
  const door = await startDoor(options)
  doors.push(door)
  return door
}

/** A door whose Heartbeat waits for the test. `seen(n)` settles when n requests have started. */
export async function startHeld(options: DoorOptions = {}) {
  const held: Held[] = []
  const waiting: { count: number; resolve(): void }[] = []
  const handleHeartbeat = handler(
    heartbeat,
    ({ memberId }, { respond, silence, hangUp, proceed, answers }) =>
      new Promise((resolve, reject) => {
        held.push({
          memberId,
          proceed,
          fail: reject,
          answerBytes: () => answers.bytes,
          answer(errorCode = 0) {
            if (memberId === 'silent') resolve(silence())
            else if (memberId === 'bad') resolve(hangUp('bad member'))
            else resolve(respond({ throttleTimeMs: 0, errorCode }))
          },
        })
        for (const { count, resolve: seen } of waiting) if (held.length >= count) seen()
      }),
  )
  const door = await start({ ...options, handlers: [handleHeartbeat, ...(options.handlers ?? [])] })
  const seen = (count: number) => new Promise<void>((resolve) => (held.length >= count ? resolve() : waiting.push({ count, resolve })))
  return { door, held, seen }
}

export const beat = (wire: Wire, memberId = 'm', version = 4) => wire.send(heartbeat, version, { groupId: 'g', generationId: 1, memberId })
export const idOf = (frame: Buffer) => readAnswer(heartbeat, 4, frame).correlationId
/** Long enough for anything that could happen by itself to happen. */
export const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}
