// AlterClientQuotas (49), versions 0-1. v1: flexible. KIP-546: sets and takes away quotas of users, client ids and addresses (KIP-612). Each entry stands for itself; what
// is answered is durable and acts from the next request on.
//
// Where we differ from Apache Kafka 4.4: an address must be one, host names are not looked up; entries are answered in the order in which they came; a number
// that is twice in one entity is refused for that, where Kafka takes the last.

import { errorCode } from '../../../protocol/error-code.ts'
import { alterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import { entityKey, type QuotaEntity } from '../../engine/client-quotas.ts'
import type { Engine } from '../../engine/engine.ts'
import { type EntityParts, type QuotaOps, quotaChanges, quotaEntity } from '../admin/quota-changes.ts'
import { handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'

export const handleAlterClientQuotas = handler(
  alterClientQuotas,
  async ({ entries: wanted, validateOnly }, { engine, respond }) => {
    const seen = new Set<string>()
    const entries = []
    for (const { entity, ops } of wanted) entries.push(await alterOne(entity, ops, seen, engine, validateOnly))
    return respond({ throttleTimeMs: 0, entries }, entries.find((entry) => entry.errorCode !== 0)?.errorCode)
  },
  { refuse: (refused, { entries }) => ({ throttleTimeMs: 0, entries: entries.map(({ entity }) => ({ ...refused, entity })) }) },
)

async function alterOne(parts: EntityParts, ops: QuotaOps, seen: Set<string>, engine: Engine, validateOnly: boolean) {
  try {
    const entity: QuotaEntity = quotaEntity(parts)
    const key = entityKey(entity)
    if (seen.has(key)) throw new Refusal(errorCode.INVALID_REQUEST, `Ignoring duplicate entity ${key}`)
    seen.add(key)
    const changes = quotaChanges(entity, ops)
    if (!validateOnly) await engine.quotas.alter(entity, changes)
    return { errorCode: errorCode.NONE, errorMessage: null, entity: parts }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return { ...known, entity: parts }
  }
}
