// IncrementalAlterConfigs (44), versions 0-1. v1: flexible. KIP-339: SET, DELETE, APPEND and SUBTRACT one by one; what is not named stays.
// Every resource stands for itself. A change is durable before it is answered and acts at once.
//
// Where we differ from Apache Kafka 4.4: an unknown operation is INVALID_REQUEST with a reason, there UNKNOWN_SERVER_ERROR; an unknown broker setting is
// INVALID_CONFIG, there it is stored and nobody notices; DescribeConfigs shows a change as soon as it is answered.

import { incrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { alterResources, refusedResources } from '../admin/alter-resources.ts'
import { handler } from '../context.ts'

export const handleIncrementalAlterConfigs = handler(
  incrementalAlterConfigs,
  async ({ resources, validateOnly }, { engine, turns, respond }) => {
    const wanted = resources.map(({ configs, ...resource }) => ({
      ...resource,
      configs: configs.map(({ name, configOperation, value }) => ({ name, operation: configOperation, value })),
    }))
    const responses = await alterResources(wanted, { engine, turns, replace: false, validateOnly })
    return respond({ throttleTimeMs: 0, responses }, responses.find((response) => response.errorCode !== 0)?.errorCode)
  },
  { refuse: (refused, { resources }) => ({ throttleTimeMs: 0, responses: refusedResources(resources, refused) }) },
)
