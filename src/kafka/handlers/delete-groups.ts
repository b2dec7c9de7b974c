// DeleteGroups (42), versions 0-3. v2: flexible. v3: an error message per group. Groups are deleted with their offsets, one by one: some may go while others stay.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { deleteGroups } from '../../../protocol/messages/delete-groups.ts'
import { handler } from '../context.ts'

export const handleDeleteGroups = handler(
  deleteGroups,
  async (request, { groups, shareGroups, respond }) => {
    const results = await Promise.all(
      [...new Set(request.groupsNames)].map(async (groupId) => {
        if (shareGroups.has(groupId)) {
          const { error } = await shareGroups.delete(groupId)
          return { groupId, errorCode: errorCode[error], errorMessage: null }
        }
        const { error } = await groups.submit(groupId, { verb: 'delete' })
        return { groupId, errorCode: errorCode[error], errorMessage: null }
      }),
    )
    return respond({ throttleTimeMs: 0, results }, results.find((result) => result.errorCode !== errorCode.NONE)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      results: request.groupsNames.map((groupId) => ({ groupId, errorCode: code, errorMessage })),
    }),
  },
)
