// What an operation is: a name, a declared input and what it does. One file each in operations/; operations/index.ts is THE list,
// from which dispatch, validation, metric labels and the README's table follow.
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { LentMemory, Loans } from '../lent-memory.ts'
import type { Account } from './account.ts'
import type { Share } from './body.ts'
import type { BodyFormat } from './body-codec.ts'
import type { Consumers } from './consumers.ts'
import type { TokenSeal } from './iterator.ts'
import type { Limits } from './limits.ts'
import type { OnDemand } from './on-demand.ts'
import type { Queues } from './queues/queues.ts'
import type { Resources } from './resources.ts'
import { type InputOf, type Members, type StructureNode, structureNode } from './shape.ts'
import type { KinesisCounts } from './stream-counts.ts'
import type { Streams } from './streams.ts'
import type { EventSource, Subscriptions } from './subscription.ts'

/** What every operation may use. */
export interface Services {
  readonly engine: Engine
  readonly streams: Streams
  readonly consumers: Consumers
  readonly subscriptions: Subscriptions
  readonly queues: Queues
  readonly resources: Resources
  readonly limits: Limits
  readonly onDemand: OnDemand
  readonly counts: KinesisCounts
  readonly account: Account
  readonly seal: TokenSeal
  readonly settings: Settings
  readonly clock: Clock
  /** Lends memory for what is large and soon done with. */
  readonly memory: LentMemory
}

/** Services, the time at which the call began, and whether anybody still waits for its answer. */
export interface Context extends Services {
  readonly nowMs: number
  /** Memory for the answer: an operation whose answers are large takes what it may need before it makes one. */
  readonly room: Share
  /** What an answer that is bytes already lies in: given back when it has left. */
  readonly outgoing: Loans
  /** What the answer will be written in: an operation with much to say may write it so itself. */
  readonly format: BodyFormat
  /** Aborts when the client goes before it is answered. For operations that wait: the signal is made when it is asked for. */
  hungUp(): AbortSignal
}

/** What is a call's own of its context. */
type CallPart = Omit<Context, keyof Services>

/** The context of a call. Member by member: spreading an object of so many members took longer than all else that a small request needs. */
export function contextOf(services: Services, { nowMs, room, outgoing, format, hungUp }: CallPart): Context {
  const { engine, streams, consumers, subscriptions, queues, resources, limits, onDemand, counts, account, seal, settings, clock, memory } = services
  return {
    engine,
    streams,
    consumers,
    subscriptions,
    queues,
    resources,
    limits,
    onDemand,
    counts,
    account,
    seal,
    settings,
    clock,
    memory,
    nowMs,
    room,
    outgoing,
    format,
    hungUp,
  }
}

/** Members by AWS's names; Buffers are blobs, WireTimes are timestamps, undefined members are left out. */
export type Output = Readonly<Record<string, unknown>>

/** What an operation answers: members, nothing (AWS's empty body), or events for as long as somebody listens. */
export type Answer = Output | EventSource | undefined

export interface Operation {
  readonly name: string
  readonly input: StructureNode
  /** The answer may be events, which go on. */
  readonly streams: boolean
  run(input: never, context: Context): Promise<Answer> | Answer
}

/** Declares an operation; `run` gets an input that fits the declaration and AWS's constraints. */
export function operation<const M extends Members>(declaration: {
  name: string
  input: M
  streams?: boolean
  run(input: InputOf<M>, context: Context): Promise<Answer> | Answer
}): Operation {
  return { name: declaration.name, input: structureNode(declaration.input), streams: declaration.streams ?? false, run: declaration.run }
}
