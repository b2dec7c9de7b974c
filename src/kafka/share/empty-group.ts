// What administrators may do only to a share group that exists and has no members.
import { errorCode } from '../../../protocol/error-code.ts'
import type { ShareGroups } from '../../coordinators/share/share-groups.ts'
import { Refusal } from '../context.ts'

export async function checkEmpty(shareGroups: ShareGroups, groupId: string): Promise<void> {
  if (groupId === '') throw new Refusal(errorCode.INVALID_GROUP_ID)
  const { error, message, group } = await shareGroups.describe(groupId)
  if (error !== 'NONE') throw new Refusal(errorCode[error], message ?? '')
  if (group && group.members.size > 0) throw new Refusal(errorCode.NON_EMPTY_GROUP, `The group is not empty: it has ${group.members.size} members.`)
}
