// ListGroups (16), versions 0-5. v1: throttle time. v3: flexible. v4: states, and a filter by them (KIP-518). v5: types, and a filter by them (KIP-848).
// Filters do not mind case; a name that is none finds nothing.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { listGroups } from '../../../protocol/messages/list-groups.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { handler } from '../context.ts'

export const handleListGroups = handler(listGroups, async (request, context) => {
  const { groups, shareGroups, respond } = context
  const states = new Set(request.statesFilter.map((state) => state.trim().toLowerCase()))
  const types = new Set(request.typesFilter.map((type) => type.trim().toLowerCase()))
  const found = [...groups.list(), ...shareGroups.list()].filter(
    ({ state, kind }) => (states.size === 0 || states.has(state.toLowerCase())) && (types.size === 0 || types.has(kind)),
  )
  const told = await answerInTurns(listGroups, listGroups.response.fields.groups, found, context, ({ groupId, protocolType, state, kind }) => ({
    groupId,
    protocolType,
    groupState: state,
    groupType: kind,
  }))
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, groups: told.items })
})
