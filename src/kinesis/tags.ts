// Tags: which ones AWS takes, and its texts for those it does not. Pure.
import { invalidArgument } from './aws-error.ts'

/** Of one stream. */
const tagsMax = 50
/** What AWS alone gives to its own tags. */
const reserved = /^aws:/i
const legal = /^[\u00C0-\u1FFF\u2C00-\uD7FF\w./\-=+_ @%:]*$/

type Tags = Readonly<Record<string, string>>

/** Refuses tags that cannot be added to those there are. */
export function checkTags(added: Tags, present: Tags, streamName: string, account: string): void {
  const failed = `Failed to add tags to stream ${streamName} under account ${account} because`
  checkTexts([...Object.keys(added), ...Object.values(added)], failed)
  if (Object.keys(added).some((key) => reserved.test(key))) throw invalidArgument('aws: prefixed tag key names are not allowed for external use.')
  const count = new Set([...Object.keys(added), ...Object.keys(present)]).size
  // AWS counts to 50 and says 10.
  if (count > tagsMax) throw invalidArgument(`${failed} a given stream cannot have more than 10 tags associated with it.`)
}

/** Refuses keys that no tag can have. */
export function checkTagKeys(keys: readonly string[], streamName: string, account: string): void {
  checkTexts(keys, `Failed to remove tags from stream ${streamName} under account ${account} because`)
}

function checkTexts(texts: readonly string[], failed: string): void {
  if (!texts.every((text) => legal.test(text))) {
    throw invalidArgument('Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.')
  }
  if (texts.some((text) => text.includes('%'))) {
    throw invalidArgument(
      `${failed} some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.`,
    )
  }
}

/** The list form, by key. */
export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.keys(tags)
    .sort()
    .map((key) => ({ Key: key, Value: tags[key] ?? '' }))

export const withoutTags = (tags: Tags, keys: readonly string[]): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
