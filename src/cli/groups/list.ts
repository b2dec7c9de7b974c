// `twinlog groups list`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'

export const command = defineCommand({
  usage: 'twinlog groups list [--json]',
  summary: 'Lists groups with their state and members.',
  options: { ...bootstrapOption, ...jsonOption },
  async run(values) {
    const groups = await withAdmin(values.bootstrap, async (admin) => {
      const listed = (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort()
      if (listed.length === 0) return []
      const described = await admin.describeGroups(listed)
      return described.groups.map(({ groupId, state, protocolType, members }) => ({
        group: groupId,
        state,
        type: protocolType,
        members: members.length,
      }))
    })
    if (values.json) printJson(groups)
    else if (groups.length === 0) print('There are no groups.\n')
    else
      print(
        table(
          ['GROUP', 'STATE', 'TYPE', 'MEMBERS'],
          groups.map(({ group, state, type, members }) => [group, state, type || '-', members]),
        ),
      )
    return exitCodes.done
  },
})
