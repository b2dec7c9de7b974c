// Visibility timeout and dead letters, as CreateQueue and UpdateQueue take them. Pure.
import { validationError } from '../aws-error.ts'
import type { QueueAttributes } from './queues.ts'

/** AWS's, where a new queue is told nothing. */
export const attributesDefault: QueueAttributes = { visibilityS: 30, receiveCountMax: 6 }

export interface GivenAttributes {
  readonly visibilityTimeoutSeconds?: number | undefined
  readonly deadLetterConfiguration?: { readonly targetType: 'BUILT_IN' | 'NONE'; readonly maxReceiveCount?: number | undefined } | undefined
}

/** What a request sets; what it does not mention is left out. */
export function givenAttributes({ visibilityTimeoutSeconds, deadLetterConfiguration }: GivenAttributes = {}): Partial<QueueAttributes> {
  const given: { -readonly [K in keyof QueueAttributes]?: QueueAttributes[K] } = {}
  if (visibilityTimeoutSeconds !== undefined) given.visibilityS = visibilityTimeoutSeconds
  if (deadLetterConfiguration) {
    const { targetType, maxReceiveCount } = deadLetterConfiguration
    if (targetType === 'BUILT_IN' && maxReceiveCount === undefined)
      throw validationError('DeadLetterConfiguration.MaxReceiveCount is required with TargetType BUILT_IN.')
    given.receiveCountMax = targetType === 'NONE' ? null : (maxReceiveCount ?? null)
  }
  return given
}
