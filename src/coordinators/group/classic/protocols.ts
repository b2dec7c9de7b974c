// Which assignor a classic group uses: one that every member offers, by vote. Pure questions about a group; changes nothing.
import { type GroupError, noBytes, type Protocol } from '../events.ts'
import type { ClassicGroup, Member } from './state.ts'

/** The protocol type of consumers. Groups of other types (Kafka Connect, schema registries) use the same machinery. */
export const consumerProtocolType = 'consumer'

/** May a member of this type, with these protocols, be in the group together with those that are there? */
export function accepts(group: ClassicGroup, protocolType: string, protocols: readonly Protocol[]): boolean {
  if (group.phase === 'empty') return protocolType !== '' && protocols.length > 0
  if (group.protocolType !== protocolType) return false
  return protocols.some(({ name }) => (group.offered.get(name) ?? 0) === group.members.size)
}

/**
 * The protocol with the most votes among those that all of `members` offer; each votes for its first. Of equals, the one that got its first vote earliest.
 * `members` may be the group's members or those that are left of them. Who joins is checked for having one in common with the others.
 */
export function selectProtocol(members: Iterable<Offers>): string {
  const selected = commonProtocol(members)
  if (selected === null) throw new Error('members without a protocol in common')
  return selected
}

type Offers = Pick<Member, 'protocols'>

/** The same; null where there is none. */
export function commonProtocol(members: Iterable<Offers>): string | null {
  const offered = new Map<string, number>()
  let count = 0
  const all = [...members]
  for (const member of all) {
    count++
    for (const name of new Set(member.protocols.map((p) => p.name))) offered.set(name, (offered.get(name) ?? 0) + 1)
  }
  const votes = new Map<string, number>()
  for (const member of all) {
    const vote = member.protocols.find(({ name }) => offered.get(name) === count)
    if (vote) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
  }
  let best: string | null = null
  let bestVotes = 0
  for (const [name, got] of votes) {
    if (got <= bestVotes) continue
    best = name
    bestVotes = got
  }
  return best
}

/** Requests borrow their bytes from a frame. A name given twice counts once. */
export function copyProtocols(protocols: readonly Protocol[]): Protocol[] {
  const byName = new Map<string, Protocol>()
  for (const { name, metadata } of protocols) if (!byName.has(name)) byName.set(name, { name, metadata: Buffer.from(metadata) })
  return [...byName.values()]
}

/** Same names in the same order with the same metadata. */
export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return a.length === b.length && a.every((protocol, at) => protocol.name === b[at]?.name && sameBytes(protocol.metadata, b[at].metadata))
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0)
}

/** What a member told about itself for a protocol; empty where it does not offer it. */
export function metadataOf(member: Offers, protocolName: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? noBytes
}

/** Is this a member, and under this instance id the present one? */
export function checkMember(group: ClassicGroup, memberId: string, instanceId: string | null): GroupError {
  if (instanceId !== null) {
    const present = group.statics.get(instanceId)
    if (present === undefined) return 'UNKNOWN_MEMBER_ID'
    if (present !== memberId) return 'FENCED_INSTANCE_ID'
  }
  return group.members.has(memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID'
}
