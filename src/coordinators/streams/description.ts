// The description of a topology for people (KIP-1331): members are asked for it one at a time, one that comes is kept with its group. What Kafka leaves to a plugin is built
// in here, behind the setting that names the plugin there.
import { change, record, reply } from '../effect.ts'
import { failed, type StreamsEffect, type StreamsMoment } from './events.ts'
import type { StreamsBody } from './state.ts'

/** One node of a processing graph as the wire has it; `nodeType` is one of `nodeTypes`. */
export interface TopologyNode {
  readonly name: string
  readonly nodeType: number
  readonly sourceTopics: readonly string[]
  readonly sinkTopic: string | null
  readonly stores: readonly string[]
  readonly successors: readonly string[]
}

export interface TopologyDescription {
  readonly subtopologies: readonly { readonly subtopologyId: string; readonly nodes: readonly TopologyNode[] }[]
  readonly globalStores: readonly { readonly source: TopologyNode; readonly processor: TopologyNode }[]
}

/** What a member pushed. */
export interface DescriptionEvent {
  readonly verb: 'description'
  readonly memberId: string
  readonly topologyEpoch: number
  readonly description: TopologyDescription
}

/** Who was asked last and may be about to answer; a restart forgets it, and somebody is asked again. */
export interface Asking {
  readonly attempts: number
  readonly untilMs: number
}

const nodeTypes = { source: 1, processor: 2, sink: 3 } as const

/** The largest description that is kept, as characters of its JSON. A thousand processors take about 200,000. */
const descriptionCharsMax = 1_048_576
/** How long a member that was asked has, and how long at most after many tries, in milliseconds; Kafka's. */
const askFirstMs = 30_000
const askMaxMs = 3_600_000

/** Is there no word on the topology, and nobody at work on it? Then this member is asked. */
export function asksFor({ row, asking }: StreamsBody, topologyEpoch: number, nowMs: number): boolean {
  return row.describedEpoch !== topologyEpoch && (asking === null || nowMs >= asking.untilMs)
}

/** Notes that a member was asked. */
export function askEffect({ asking }: StreamsBody, nowMs: number): StreamsEffect {
  const attempts = (asking?.attempts ?? -1) + 1
  return change({ type: 'description-asked', asking: { attempts, untilMs: nowMs + Math.min(askFirstMs * 2 ** attempts, askMaxMs) } })
}

export function decideDescription(body: StreamsBody | null, groupId: string, event: DescriptionEvent, { to }: StreamsMoment): StreamsEffect[] {
  if (!body) return [reply(to, failed('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`))]
  if (!body.members.has(event.memberId)) {
    return [reply(to, failed('UNKNOWN_MEMBER_ID', `Member ${event.memberId} is not a member of group ${groupId}.`))]
  }
  const epoch = body.topology?.epoch ?? -1
  if (event.topologyEpoch !== epoch) {
    const message = `Topology epoch ${event.topologyEpoch} does not match the group's current topology epoch ${epoch}.`
    return [reply(to, failed('INVALID_REQUEST', message))]
  }
  const fault = faultOfDescription(event.description)
  if (fault !== null) return [reply(to, failed('INVALID_REQUEST', fault))]
  const description = copyDescription(event.description)
  const row = { ...body.row, describedEpoch: epoch }
  if (JSON.stringify(description).length > descriptionCharsMax) {
    const message = `The description of the topology is larger than ${descriptionCharsMax} characters.`
    // It will not become smaller: nobody is asked again.
    return [record({ type: 'description-told', row, description: null }), reply(to, failed('STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED', message))]
  }
  return [record({ type: 'description-told', row, description }), reply(to, failed('NONE'))]
}

function faultOfDescription({ subtopologies, globalStores }: TopologyDescription): string | null {
  const nodes = [
    ...subtopologies.flatMap((subtopology) => subtopology.nodes),
    ...globalStores.flatMap(({ source, processor }) => [source, processor]),
  ]
  const unknown = nodes.find(({ nodeType }) => nodeType < nodeTypes.source || nodeType > nodeTypes.sink)
  if (unknown) return `Unknown topology node type: ${unknown.nodeType}`
  const isStore = globalStores.every(({ source, processor }) => source.nodeType === nodeTypes.source && processor.nodeType === nodeTypes.processor)
  return isStore ? null : 'Global store must be composed of a source and a processor node.'
}

/** Each name once, only what belongs to a node of its type, and nothing borrowed from the request. */
function copyDescription({ subtopologies, globalStores }: TopologyDescription): TopologyDescription {
  const names = (given: readonly string[]): string[] => [...new Set(given)]
  const node = ({ name, nodeType, sourceTopics, sinkTopic, stores, successors }: TopologyNode): TopologyNode => ({
    name,
    nodeType,
    sourceTopics: nodeType === nodeTypes.source ? names(sourceTopics) : [],
    sinkTopic: nodeType === nodeTypes.sink ? sinkTopic : null,
    stores: nodeType === nodeTypes.processor ? names(stores) : [],
    successors: names(successors),
  })
  return {
    subtopologies: subtopologies.map(({ subtopologyId, nodes }) => ({ subtopologyId, nodes: nodes.map(node) })),
    globalStores: globalStores.map(({ source, processor }) => ({ source: node(source), processor: node(processor) })),
  }
}
