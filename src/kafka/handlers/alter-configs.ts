// AlterConfigs (33), versions 0-2. v2: flexible. The old way: what is named is set, everything else of the resource goes back to its default.
//
// Where we differ from Apache Kafka 4.4: an unknown broker setting is INVALID_CONFIG, there it is stored and nobody notices.

import { alterConfigs } from '../../../protocol/messages/alter-configs.ts'
import { operation } from '../admin/alter-resource.ts'
import { alterResources, refusedResources } from '../admin/alter-resources.ts'
import { handler } from '../context.ts'

export const handleAlterConfigs = handler(
  alterConfigs,
  async ({ resources, validateOnly }, { engine, turns, respond }) => {
    const wanted = resources.map(({ configs, ...resource }) => ({
      ...resource,
      configs: configs.map(({ name, value }) => ({ name, operation: operation.set, value })),
    }))
    const responses = await alterResources(wanted, { engine, turns, replace: true, validateOnly })
    return respond({ throttleTimeMs: 0, responses }, responses.find((response) => response.errorCode !== 0)?.errorCode)
  },
  { refuse: (refused, { resources }) => ({ throttleTimeMs: 0, responses: refusedResources(resources, refused) }) },
)
