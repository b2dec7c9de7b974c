// AlterClientQuotas (49), versions 0-1. v1: flexible. KIP-546: sets and takes away quotas of users, client ids and addresses (KIP-612). Each entry stands for itself; what
// is answered is durable and acts from the next request on.
//
// Where we differ from Apache Kafka 4.4: an address must be one, host names are not looked up; entries are answered in the order in which they came.

import { errorCode } from '../../../protocol/error-code.ts'
import { alterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import type { QuotaEntity } from '../../engine/client-quotas.ts'
import type { Engine } from '../../engine/engine.ts'
import { type EntityParts, entityText, type QuotaOps, quotaChanges, quotaEntity } from '../admin/quota-changes.ts'
import { handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'

export const handleAlterClientQuotas = handler(
  alterClientQuotas,
  async ({ entries: wanted, validateOnly }, { engine, respond }) => {
    const entries = []
    for (const { parts, ops, isTwice } of onceEach(wanted)) entries.push(await alterOne(parts, ops, isTwice, engine, validateOnly))
    return respond({ throttleTimeMs: 0, entries }, entries.find((entry) => entry.errorCode !== 0)?.errorCode)
  },
  { refuse: (refused, { entries }) => ({ throttleTimeMs: 0, entries: entries.map(({ entity }) => ({ ...refused, entity })) }) },
)

interface Wanted {
  readonly parts: EntityParts
  readonly ops: QuotaOps
  isTwice: boolean
}

/** As Kafka: an entity that stands twice in a request is answered once, and not changed. */
function onceEach(entries: readonly { entity: EntityParts; ops: QuotaOps }[]): Wanted[] {
  const wanted = new Map<string, Wanted>()
  for (const { entity: parts, ops } of entries) {
    const key = JSON.stringify(parts.map(({ entityType, entityName }) => [entityType, entityName]).sort())
    const before = wanted.get(key)
    if (before) before.isTwice = true
    else wanted.set(key, { parts, ops, isTwice: false })
  }
  return [...wanted.values()]
}

async function alterOne(parts: EntityParts, ops: QuotaOps, isTwice: boolean, engine: Engine, validateOnly: boolean) {
  try {
    const entity: QuotaEntity = quotaEntity(parts)
    if (isTwice) throw new Refusal(errorCode.INVALID_REQUEST, `Ignoring duplicate entity ${entityText(entity)}`)
    const changes = quotaChanges(entity, ops)
    if (!validateOnly) await engine.quotas.alter(entity, changes)
    return { errorCode: errorCode.NONE, errorMessage: null, entity: parts }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return { ...known, entity: parts }
  }
}
