// Waiting for coordinators as every client does: a broker that has just started has no place yet for groups and producers, and says so with a code that asks to try
// again.
import { errorCode } from '../protocol/error-code.ts'
import { findCoordinator } from '../protocol/messages/find-coordinator.ts'
import type { Wire } from './wire.ts'

/** Loading, not there yet, elsewhere for a moment, or still busy with the transaction before. */
const again = new Set<number>([
  errorCode.COORDINATOR_LOAD_IN_PROGRESS,
  errorCode.COORDINATOR_NOT_AVAILABLE,
  errorCode.NOT_COORDINATOR,
  errorCode.CONCURRENT_TRANSACTIONS,
])

/** Asks until the code is 0; any other code that does not ask to try again is an error that names `what`. */
export async function patiently(what: string, ask: () => Promise<number>): Promise<void> {
  for (;;) {
    const code = await ask()
    if (code === 0) return
    if (!again.has(code)) throw new Error(`${what}: error ${code}`)
    await new Promise((later) => setTimeout(later, 1))
  }
}

/** Until a group or a transactional id has its coordinator. Kafka makes room for them when somebody first asks where they are: without this a join is refused for ever. */
export async function coordinatorOf(wire: Wire, keyType: 'group' | 'transaction', key: string): Promise<void> {
  await patiently('coordinator', async () => (await wire.call(findCoordinator, 1, { key, keyType: keyType === 'group' ? 0 : 1 })).errorCode)
}
