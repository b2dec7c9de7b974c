// Who asks, in requests of share groups.
import { errorCode } from '../../../protocol/error-code.ts'
import { Refusal } from '../context.ts'

/** As Kafka: a UUID in its longer spelling. */
export const memberIdCharsMax = 36

export function checkIds({ groupId, memberId }: { readonly groupId: string | null; readonly memberId: string | null }): {
  groupId: string
  memberId: string
} {
  if (!groupId) throw new Refusal(errorCode.INVALID_REQUEST, 'Invalid group id in the request.')
  if (!memberId || memberId.length > memberIdCharsMax) throw new Refusal(errorCode.INVALID_REQUEST, 'Invalid member id in the request.')
  return { groupId, memberId }
}
