// DescribeClientQuotas (48), versions 0-1. v1: flexible. KIP-546: the quotas whose entities fit every component of the filter; `strict` leaves out those that have other parts.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeClientQuotas } from '../../../protocol/messages/describe-client-quotas.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { QuotaEntity } from '../../engine/client-quotas.ts'
import { isQuotaEntityType } from '../admin/quota-changes.ts'
import { handler, Refusal } from '../context.ts'

type Component = RequestOf<typeof describeClientQuotas>['components'][number]

/** What a component asks of a name: this one, the default's, or that there is one. */
const match = { exact: 0, default: 1, any: 2 } as const

export const handleDescribeClientQuotas = handler(
  describeClientQuotas,
  ({ components, strict }, { engine, respond }) => {
    for (const component of components) check(component, components)
    const fitting = engine.quotas.all().filter(({ entity }) => fits(entity, components, strict))
    const entries = fitting.map(({ entity, values }) => ({
      entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      values: Object.entries(values).map(([key, value]) => ({ key, value })),
    }))
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: '', entries })
  },
  { refuse: (refused) => ({ throttleTimeMs: 0, ...refused, entries: null }) },
)

function check({ entityType, matchType, match: name }: Component, all: readonly Component[]): void {
  if (entityType === '') throw new Refusal(errorCode.INVALID_REQUEST, 'Invalid empty entity type.')
  if (!isQuotaEntityType(entityType)) throw new Refusal(errorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${entityType}`)
  if (all.filter((other) => other.entityType === entityType).length > 1) {
    throw new Refusal(errorCode.INVALID_REQUEST, `Entity type ${entityType} cannot appear more than once in the filter.`)
  }
  if (entityType === 'ip' && all.length > 1) {
    const reason = 'IP filter component should not be used with user or clientId filter component.'
    throw new Refusal(errorCode.INVALID_REQUEST, `Invalid entity filter component combination. ${reason}`)
  }
  if (matchType < match.exact || matchType > match.any) throw new Refusal(errorCode.INVALID_REQUEST, `Unknown match type ${matchType}`)
  if (matchType === match.exact && name === null) {
    throw new Refusal(errorCode.INVALID_REQUEST, 'Request specified MATCH_TYPE_EXACT, but set match string to null.')
  }
  if (matchType !== match.exact && name !== null) {
    const kind = matchType === match.default ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED'
    throw new Refusal(errorCode.INVALID_REQUEST, `Request specified ${kind}, but also specified a match string.`)
  }
}

function fits(entity: QuotaEntity, components: readonly Component[], strict: boolean): boolean {
  if (strict && Object.keys(entity).length !== components.length) return false
  return components.every(({ entityType, matchType, match: wanted }) => {
    const name = entity[entityType as keyof QuotaEntity]
    if (name === undefined) return false
    return matchType === match.any || (matchType === match.default ? name === null : name === wanted)
  })
}
