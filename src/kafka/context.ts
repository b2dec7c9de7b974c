// What a handler is and what it is given. A handler reads a request, asks the engine or a coordinator, and answers through `respond`, whose type is that of its API's
// response. Bytes, versions, order and errors that are thrown are dispatch.ts's.

import type { Api, Piecewise, RequestOf, ResponseInput } from '../../protocol/schema.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Groups } from '../coordinators/group/groups.ts'
import type { ShareGroups } from '../coordinators/share/share-groups.ts'
import type { StreamsGroups } from '../coordinators/streams/streams-groups.ts'
import type { Transactions } from '../coordinators/transaction/transactions.ts'
import type { Counters } from '../counters.ts'
import type { Engine } from '../engine/engine.ts'
import type { Faults } from '../faults.ts'
import type { LentMemory, Loans } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import type { Client } from './connection.ts'
import type { FetchSessions } from './fetch-sessions.ts'
import type { ShareSessions } from './share/sessions.ts'
import type { ClientTelemetry } from './telemetry/client-telemetry.ts'
import type { Mutations, Throttle } from './throttle.ts'
import type { Turns } from './turns.ts'

/** What every handler may use. One per broker. */
export interface Services {
  readonly engine: Engine
  readonly groups: Groups
  readonly shareGroups: ShareGroups
  readonly streamsGroups: StreamsGroups
  readonly transactions: Transactions
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly counters: Counters
  /** Where clients are told to connect to. */
  advertised(): { host: string; port: number }
}

/** What belongs to the door itself. */
export interface DoorServices extends Services {
  /** Every API that clients are told of, for the answer to ApiVersions. */
  readonly served: readonly ServedApi[]
  readonly fetchSessions: FetchSessions
  readonly shareSessions: ShareSessions
  readonly throttle: Throttle
  readonly telemetry: ClientTelemetry
  /** What a test wants to go wrong. */
  readonly faults: Faults
  /** Bytes of answers that clients have not taken, in all, and how many there may be before fetches are answered sparingly. */
  readonly answers: { readonly bytes: number; readonly bytesMax: number }
  /** Lends memory for large answers. */
  readonly memory: LentMemory
  /** For handlers whose work can be long: it is done in turns. */
  readonly turns: Turns
}

/** An API as ApiVersions lists it. */
export interface ServedApi {
  readonly key: number
  readonly name: string
  readonly min: number
  readonly max: number
}

/** What a handler's promise settles with: made by `respond`, `silence` or `hangUp`, never by hand. */
export type Answer<A extends Api> = Response<A> | NoAnswer
export interface Response<A extends Api> {
  readonly kind: 'respond'
  readonly response: Piecewise<ResponseInput<A>>
  readonly errorCode: number
  readonly memory: Loans | null
}
export type NoAnswer = { readonly kind: 'silence'; readonly errorCode: number } | { readonly kind: 'hang-up'; readonly reason: string }

/** What comes with a request. Made for each one; may be taken apart. */
export interface Context<A extends Api> extends DoorServices {
  readonly version: number
  readonly clientId: string | null
  readonly client: Client
  /** The request's bytes are overwritten after its answer: whoever keeps any has to copy them. Only with the option `lendable`. */
  readonly lent: boolean
  /** For handlers that create or delete partitions. */
  readonly mutations: Mutations
  /**
   * The answer. `errorCode` is what metrics count it under; without it the response's own top-level one, else NONE: give the first one of the parts
   * where the response has none at the top. Very long arrays are made with itemsOf, in turns. `memory` is what the response's bytes lie in, if it is to be given back when they are sent.
   */
  respond(response: Piecewise<ResponseInput<A>>, errorCode?: number, memory?: Loans): Answer<A>
  /** No answer at all: a produce with acks=0. */
  silence(errorCode?: number): Answer<A>
  /** No answer, and the connection ends with one line in the log. */
  hangUp(reason: string): Answer<A>
  /**
   * The next request of the connection may start before this one is answered: the order of the two no longer depends on it (an append was
   * handed over, a long poll is parked). Answers still leave in order.
   */
  proceed(): void
}

/** An expected "no" for the whole request: thrown anywhere below a handler, answered with the API's own error. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly errorCode: number

  /** `errorCode.GROUP_AUTHORIZATION_FAILED`, and a message for the person at the client, sent where the response has room for one. */
  constructor(errorCode: number, message = '') {
    super(message)
    this.errorCode = errorCode
  }
}

/** What a refused request is told. */
export interface Refused {
  readonly errorCode: number
  /** Null where there is nothing to add to the code. */
  readonly errorMessage: string | null
}

export interface HandlerOptions {
  /** Versions that are served, where fewer than declared. */
  versions?: readonly [lowest: number, highest: number]
  /** One at a time on a connection, even after `proceed`: its answers may be large. */
  alone?: boolean
  /** The setting without which ApiVersions does not tell of it. */
  toldWith?: 'telemetry.enable'
  /** Nothing of a request, no view of its bytes, is kept once it is answered: its memory may be used again. */
  lendable?: boolean
}

type Run<A extends Api> = (request: RequestOf<A>, context: Context<A>) => Promise<Answer<A>> | Answer<A>
/** The response that tells of an error which ended the whole request. */
type Refuse<A extends Api> = (refused: Refused, request: RequestOf<A>) => ResponseInput<A>
/** Needed only where the response has no `errorCode` at its top. */
type RefuseOption<A extends Api> = ResponseInput<A> extends { errorCode?: number } ? { refuse?: Refuse<A> } : { refuse: Refuse<A> }

/** A handler with its types forgotten, as the list holds it. */
export interface Handler extends ServedApi {
  readonly api: Api
  readonly alone: boolean
  readonly lendable: boolean
  readonly toldWith: 'telemetry.enable' | null
  run(request: unknown, context: Context<Api>): Promise<Answer<Api>> | Answer<Api>
  /** Null: the response with every field at its default and the error at its top. */
  readonly refuse: ((refused: Refused, request: unknown) => unknown) | null
}

/**
 * Declares the handler of an API:
 * `export const handleHeartbeat = handler(heartbeat, async (request, { groups, respond }) => respond({ … }))`.
 * Where the response has no errorCode at its top, `{ refuse }` says how an error for the whole request looks.
 */
export function handler<A extends Api>(
  api: A,
  run: Run<A>,
  ...[options]: ResponseInput<A> extends { errorCode?: number } ? [(HandlerOptions & RefuseOption<A>)?] : [HandlerOptions & RefuseOption<A>]
): Handler {
  const [min, max] = options?.versions ?? api.versions
  return {
    api,
    key: api.key,
    name: api.name,
    min,
    max,
    alone: options?.alone ?? false,
    lendable: options?.lendable ?? false,
    toldWith: options?.toldWith ?? null,
    run: run as unknown as Handler['run'],
    refuse: (options?.refuse as Handler['refuse'] | undefined) ?? null,
  }
}
