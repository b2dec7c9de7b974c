// Whether a fault can be: its operation is one that a door has, its error one that this door can tell. faults.ts keeps those that can.
import { errorCode } from '../protocol/error-code.ts'
import { disconnect, type Fault } from './faults.ts'
import { handlers } from './kafka/handlers/index.ts'
import { operations } from './kinesis/operations/index.ts'

const apis: ReadonlySet<string> = new Set(handlers.map(({ name }) => name))
const actions: ReadonlySet<string> = new Set(operations.map(({ name }) => name))
/** AWS's errors of services in general are in no list; all of them end so. */
const awsError = /^[A-Z][A-Za-z]+(Exception|Failure|Unavailable)$/

/** Throws a TypeError that says what is wrong. */
export function checkFault({ operation, error, when = 'before', times = 1 }: Fault): void {
  const kafka = apis.has(operation)
  if (!kafka && !actions.has(operation)) throw new TypeError(`${operation} is neither a Kafka API nor a Kinesis operation that is served`)
  const known = error === disconnect || (kafka ? error !== 'NONE' && Object.hasOwn(errorCode, error) : awsError.test(error))
  if (!known) throw new TypeError(`${error} is neither '${disconnect}' nor an error of ${kafka ? 'Kafka’s protocol' : 'AWS’s'}`)
  if (when !== 'before' && when !== 'after') throw new TypeError(`${when} is neither 'before' nor 'after'`)
  if (!(Number.isInteger(times) || times === Number.POSITIVE_INFINITY) || times < 1) throw new TypeError(`${times} is not a number of times from 1`)
}
