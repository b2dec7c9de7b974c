// StreamsGroupTopologyDescriptionUpdate (93): the description of a topology, for people.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

const topologyDescriptionNode = struct({
  name: string(),
  nodeType: int8(),
  sourceTopics: arrayOf(string()),
  sinkTopic: string({ nullableSince: 0, default: null }),
  stores: arrayOf(string()),
  successors: arrayOf(string()),
})

const topologyDescriptionSubtopology = struct({
  subtopologyId: string(),
  nodes: arrayOf(topologyDescriptionNode),
})

const topologyDescriptionGlobalStore = struct({
  source: struct(topologyDescriptionNode.fields),
  processor: struct(topologyDescriptionNode.fields),
})

const topologyDescription = struct({
  subtopologies: arrayOf(topologyDescriptionSubtopology),
  globalStores: arrayOf(topologyDescriptionGlobalStore),
})

export const streamsGroupTopologyDescriptionUpdate = defineApi({
  key: 93,
  name: 'StreamsGroupTopologyDescriptionUpdate',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct(topologyDescription.fields),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
  }),
})
