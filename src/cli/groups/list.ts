// `twinlog groups list`.
import { Cluster } from '../lib/cluster.ts'
import { defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { factsOf, listed } from './kinds.ts'

export const command = defineCommand({
  usage: 'twinlog groups list [--json]',
  summary: 'Lists groups of every kind with their state and members.',
  options: { ...bootstrapOption, ...jsonOption },
  async run(values) {
    const groups = await Cluster.with(values.bootstrap, async (cluster) => {
      const facts = await factsOf(cluster, await listed(cluster))
      return facts.map(({ group, kind, protocolType, state, members }) => ({ group, kind, state, type: protocolType, members: members.length }))
    })
    if (values.json) printJson(groups)
    else if (groups.length === 0) print('There are no groups.\n')
    else
      print(
        table(
          ['GROUP', 'KIND', 'STATE', 'TYPE', 'MEMBERS'],
          groups.map(({ group, kind, state, type, members }) => [group, kind, state, type || '-', members]),
        ),
      )
    return exitCodes.done
  },
})
