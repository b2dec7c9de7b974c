// The isolation level of a request: which records its client wants to know of.
import { errorCode } from '../../protocol/error-code.ts'
import { Refusal } from './context.ts'

const uncommitted = 0
const committed = 1

/** Are records of transactions wanted only once these are committed? Throws for a level that does not exist; Kafka's answer to that is an unexpected error. */
export function readsCommitted(level: number): boolean {
  if (level !== uncommitted && level !== committed) throw new Refusal(errorCode.UNKNOWN_SERVER_ERROR, `There is no isolation level ${level}.`)
  return level === committed
}
