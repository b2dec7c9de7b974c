// DeleteShareGroupOffsets (92): forgets where a share group stands. KIP-932.
import { arrayOf, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

export const deleteShareGroupOffsets = defineApi({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    topics: arrayOf(
      struct({
        topicName: string(),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    responses: arrayOf(
      struct({
        topicName: string(),
        topicId: uuid(),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0, default: null }),
      }),
    ),
  }),
})
