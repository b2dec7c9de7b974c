// NextTokens: sealed like iterators, good for 300 s, and for the operation that gave them.
import { AwsError, invalidArgument } from './aws-error.ts'
import type { Context } from './operation.ts'

const tokenLifeMs = 300_000

/** A token that brings `content` back to the same operation. */
export const sealPage = (operation: string, content: unknown, { seal, nowMs }: Context): string => seal.seal(`page/${operation}`, [nowMs, content])

/** What a token carries. Refuses one that is not ours, or too old. The caller knows the content's type: it sealed it. */
export function openPage<Content>(operation: string, token: string, { seal, nowMs }: Context): Content {
  const opened = seal.open(`page/${operation}`, token) as [number, Content] | null
  if (!opened) throw invalidArgument('The specified NextToken is invalid.')
  const [issuedMs, content] = opened
  if (nowMs - issuedMs > tokenLifeMs) {
    throw new AwsError(
      'ExpiredNextTokenException',
      `NextToken was created at time ${issuedMs} and expired ${nowMs - issuedMs - tokenLifeMs} milliseconds ago.`,
    )
  }
  return content
}
