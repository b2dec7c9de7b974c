// StreamsGroupTopologyDescriptionUpdate (93): the description of a topology, for people.
import { defineApi, int16, int32, string, struct } from '../schema.ts'
import { topologyDescriptionFields } from './group-parts.ts'

export const streamsGroupTopologyDescriptionUpdate = defineApi({
  key: 93,
  name: 'StreamsGroupTopologyDescriptionUpdate',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct(topologyDescriptionFields(0)),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
  }),
})
