// What both ways of receiving are asked, with AWS's defaults. Pure.
import type { Queue } from './queues.ts'
import type { ReceiveRequest } from './receive.ts'

const recordsDefault = 10
const waitDefaultS = 9

interface GivenRequest {
  readonly limit?: number | undefined
  readonly waitTimeSeconds?: number | undefined
  readonly visibilityTimeoutSeconds?: number | undefined
}

export const receiveRequest = (given: GivenRequest, queue: Queue): ReceiveRequest => ({
  recordsMax: given.limit ?? recordsDefault,
  waitMs: (given.waitTimeSeconds ?? waitDefaultS) * 1000,
  holdMs: (given.visibilityTimeoutSeconds ?? queue.visibilityS) * 1000,
})
