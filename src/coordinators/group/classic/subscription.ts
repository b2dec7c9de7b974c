// Which topics the members of a classic consumer group are subscribed to, read from what they told their leader.
// The client-side consumer protocol, of which only the common beginning is read: version, then topics. Later versions may only add after it.
import { consumerProtocolType, metadataOf } from './protocols.ts'
import type { ClassicGroup } from './state.ts'

/** Null where nobody can tell: another protocol type, or metadata of another shape. Empty for an empty consumer group. */
export function subscribedTopics(group: ClassicGroup): Set<string> | null {
  if (group.protocolType !== consumerProtocolType) return null
  if (group.members.size === 0) return new Set()
  if (group.protocolName === null) return null
  const topics = new Set<string>()
  for (const member of group.members.values()) {
    const named = readTopics(metadataOf(member, group.protocolName))
    if (!named) return null
    for (const topic of named) topics.add(topic)
  }
  return topics
}

/** Is the group subscribed to the topic? Where nobody can tell, a group of consumers is taken to be. */
export function isSubscribedTo(group: ClassicGroup, topics: ReadonlySet<string> | null, name: string): boolean {
  return topics ? topics.has(name) : group.protocolType === consumerProtocolType
}

function readTopics(bytes: Buffer): string[] | null {
  if (bytes.length < 6) return null
  const count = bytes.readInt32BE(2)
  const topics: string[] = []
  let at = 6
  for (let i = 0; i < count; i++) {
    if (at + 2 > bytes.length) return null
    const length = bytes.readInt16BE(at)
    at += 2
    if (length < 0 || at + length > bytes.length) return null
    topics.push(bytes.toString('utf8', at, at + length))
    at += length
  }
  return topics
}
