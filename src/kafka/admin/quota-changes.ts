// What AlterClientQuotas may set on whom, in Kafka's words where it may not.
import { isIP } from 'node:net'
import { errorCode } from '../../../protocol/error-code.ts'
import { entityKey, type QuotaEntity, type QuotaEntityType, type QuotaKey } from '../../engine/client-quotas.ts'
import { quotaEntityBytesMax } from '../../limits.ts'
import { Refusal } from '../context.ts'

/** The parts of an entity, as the request names them. */
export type EntityParts = readonly { entityType: string; entityName: string | null }[]
export type QuotaOps = readonly { key: string; value: number; remove: boolean }[]

const entityTypes: readonly string[] = ['user', 'client-id', 'ip'] satisfies QuotaEntityType[]
export const isQuotaEntityType = (type: string): type is QuotaEntityType => entityTypes.includes(type)

/** Keys of each kind of entity, and whether a fraction makes sense. */
const keysOfClients: Readonly<Record<string, { fractions: boolean }>> = {
  producer_byte_rate: { fractions: false },
  consumer_byte_rate: { fractions: false },
  request_percentage: { fractions: true },
  controller_mutation_rate: { fractions: true },
}
const keysOfAddresses: Readonly<Record<string, { fractions: boolean }>> = { connection_creation_rate: { fractions: false } }

/** The first number above Kafka's LONG. */
const longEnd = 2 ** 63

/** The entity in Kafka's words. */
export function entityText(entity: QuotaEntity): string {
  const parts = Object.entries(entity).map(([type, name]) => `${type}=${name}`)
  return `ClientQuotaEntity(entries={${parts.sort().join(', ')}})`
}

const refuse = (message: string): never => {
  throw new Refusal(errorCode.INVALID_REQUEST, message)
}

/** The entity that is meant. Throws Refusal. */
export function quotaEntity(parts: EntityParts): QuotaEntity {
  if (parts.length === 0) refuse('Invalid empty client quota entity')
  const entity: Partial<Record<QuotaEntityType, string | null>> = {}
  for (const { entityType, entityName } of parts) {
    if (!isQuotaEntityType(entityType)) return refuse(`Unhandled client quota entity type: ${entityType}`)
    if (entityName === '') refuse(`Empty ${entityType} not supported`)
    if (entity[entityType] !== undefined) refuse(`Duplicate ${entityType} in one client quota entity`)
    entity[entityType] = entityName
  }
  if (Buffer.byteLength(entityKey(entity)) > quotaEntityBytesMax)
    refuse(`The names of a client quota entity have at most ${quotaEntityBytesMax} bytes`)
  if (entity.ip === undefined) return entity
  if (parts.length > 1) refuse('Invalid quota entity combination, IP entity should not be combined with User or ClientId')
  if (entity.ip !== null && isIP(entity.ip) === 0) refuse(`${entity.ip} is not a valid IP`)
  return entity
}

/** What shall be set (a number) or taken away (null). Throws Refusal. */
export function quotaChanges(entity: QuotaEntity, ops: QuotaOps): Map<QuotaKey, number | null> {
  const keys = entity.ip === undefined ? keysOfClients : keysOfAddresses
  const changes = new Map<QuotaKey, number | null>()
  for (const { key, value, remove } of ops) {
    const rule = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (!rule) return refuse(`Invalid configuration key ${key}`)
    // Kafka's words for it.
    if (changes.has(key as QuotaKey)) refuse(`Ignoring duplicate entity ${entityText(entity)}`)
    if (!remove && !Number.isFinite(value)) refuse(`Quota ${key} must be a finite number`)
    if (!remove && !(value > 0)) refuse(`Quota ${key} must be greater than 0`)
    if (!remove && !rule.fractions && value >= longEnd) refuse(`Proposed value for ${key} is too large for a LONG.`)
    if (!remove && !rule.fractions && !Number.isSafeInteger(value)) refuse(`${key} cannot be a fractional value.`)
    changes.set(key as QuotaKey, remove ? null : value)
  }
  return changes
}
