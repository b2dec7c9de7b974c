// What administrators may do only to a share group without members.
import { errorCode } from '../../../protocol/error-code.ts'
import { Refusal, type Services } from '../context.ts'
import { noSuchGroup } from '../group-kinds.ts'

/** Refuses unless the group has no members. `create`: one that does not exist comes into being. */
export async function checkEmpty(services: Pick<Services, 'groups' | 'shareGroups'>, groupId: string, create = false): Promise<void> {
  if (groupId === '') throw new Refusal(errorCode.INVALID_GROUP_ID)
  const { shareGroups } = services
  const { error, message, group } = await (create ? shareGroups.create(groupId) : shareGroups.describe(groupId))
  if (error === 'GROUP_ID_NOT_FOUND') throw new Refusal(errorCode.GROUP_ID_NOT_FOUND, noSuchGroup(services, groupId, 'share'))
  if (error !== 'NONE') throw new Refusal(errorCode[error], message ?? '')
  if (group && group.members.size > 0) throw new Refusal(errorCode.NON_EMPTY_GROUP, 'The group is not empty.')
}
