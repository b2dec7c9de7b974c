// Carries out what coordinators decide. The only file here that waits for the disk, holds promises and drives timers; it knows nothing of groups.
// One queue per key: decide, store the records in one batch, apply, send the replies, in that order. State is never ahead of the store, so a write that
// fails leaves nothing half done: the request is refused, and the client tries again.
import type { AppendResult } from '../../storage/log.ts'
import type { Batch, Tables } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Effect, Token } from './effect.ts'
import { batchedEventsMax, queuedEventsMax, storeRetryMs } from './limits.ts'
import { type Queued, Slot } from './slot.ts'
import { Timers } from './timers.ts'

/** Why the runtime itself turns a request away: the queue is full, the store has no room or is broken, the broker is closing. */
export type Refusal = 'overloaded' | 'not-stored' | 'closing'

/** What a decision may look at beside the state and the event. */
export interface Moment {
  readonly nowMs: number
  /** Whom to answer; parked requests keep it in the state. */
  readonly to: Token
}

/** Told how a batch ended: the results of its appends, or null where nothing was stored. */
export type Outcome = (results: readonly AppendResult[] | null) => void

/** A kind of state machine, one instance per key. Everything here is pure but for `write` and `load`, which only touch the tables handed to them. */
export interface Coordinator<State, Event, Stored, Volatile, Answer> {
  /** What the event leads to. Reads the state only. */
  decide(state: State, event: Event, moment: Moment): Effect<Stored, Volatile, Answer>[]
  /** What the state itself now calls for (a rebalance that everyone has joined). Asked after each event until it has nothing more to say. */
  settle(state: State, nowMs: number): Effect<Stored, Volatile, Answer>[]
  /** The only writer of state, live and on recovery. */
  apply(state: State, record: Stored | Volatile): void
  /** The event that a timer stands for. */
  due(timer: string): Event
  /** Adds the rows of a stored record to a batch, and whatever must be stored with them; that part is told of the outcome before the record is applied. */
  write(batch: Batch, key: string, record: Stored): Outcome | undefined
  /** The state that the stored rows amount to. Not a promise where nothing is stored for the key. */
  load(tables: Tables, key: string): Promise<State> | State
  /** Timers to arm for a state that was just loaded. */
  wake(state: State, nowMs: number): Effect<Stored, Volatile, Answer>[]
  /** Records whose order among other events does not matter until they are durable (committed offsets): the queue goes on meanwhile. */
  commutes(record: Stored): boolean
  /** Events that must see the outcome of every commuting record before them. */
  needsQuiet(event: Event): boolean
  /** May the event be decided together with its neighbours, and stored with them in one batch? Only where `ahead` makes copies. */
  isBatched?(state: State, event: Event): boolean
  /** A copy of the state on which a batch is decided; what is decided is applied to the state itself when it is stored. */
  ahead?(state: State): State
  /** True for a state that is as good as none. */
  isGone(state: State): boolean
}

export interface RuntimeOptions {
  tables: Tables
  batch(): Batch
  clock: Clock
  /** Told of a broken invariant or of a failed load; the event's own request, if any, rejects too. */
  onError(error: unknown, key: string): void
  /** Told when a key has come into memory. */
  onLoaded?(key: string): void
}

interface Waiting<Answer> {
  resolve(answer: Answer): void
  reject(error: unknown): void
  refuse(reason: Refusal): Answer
}

/** Runs one coordinator for many keys. */
export class Runtime<State, Event, Stored, Volatile, Answer> {
  readonly #coordinator: Coordinator<State, Event, Stored, Volatile, Answer>
  readonly #options: RuntimeOptions
  readonly #slots = new Map<string, Slot<State, Event>>()
  readonly #waiting = new Map<Token, Waiting<Answer>>()
  #lastToken = 0
  #closed = false

  constructor(coordinator: Coordinator<State, Event, Stored, Volatile, Answer>, options: RuntimeOptions) {
    this.#coordinator = coordinator
    this.#options = options
  }

  /** Keys in memory. */
  get size(): number {
    return this.#slots.size
  }

  /** The state of a loaded key, to read; undefined where it is not in memory. */
  peek(key: string): State | undefined {
    return this.#slots.get(key)?.state
  }

  /** Is nothing about to change the key: no record of it on its way to the disk, nothing that waits, not being loaded? True too for one that is not in memory. */
  isQuiet(key: string): boolean {
    const slot = this.#slots.get(key)
    return !slot || (!slot.storing && !slot.loading && slot.queued === 0)
  }

  /**
   * Lets a loaded key take part in a batch that somebody else commits: its records join the batch now and are applied when it is stored. For records that
   * commute. Undefined where the key is not in memory.
   */
  takePart(key: string, batch: Batch, recordsOf: (state: State) => readonly Stored[]): Outcome | undefined {
    const slot = this.#slots.get(key)
    if (slot?.state === undefined) return undefined
    const records = recordsOf(slot.state)
    for (const record of records) this.#coordinator.write(batch, key, record)
    slot.inFlight++
    return (results) => {
      slot.inFlight--
      if (this.#slots.get(key) !== slot) return
      if (results) for (const record of records) this.#coordinator.apply(slot.state as State, record)
      this.#pump(slot)
    }
  }

  /** The states in memory, to read. */
  *loaded(): IterableIterator<[key: string, state: State]> {
    for (const slot of this.#slots.values()) if (slot.state !== undefined) yield [slot.key, slot.state]
  }

  /** Timers of a key as they stand, for tests. */
  timers(key: string): [name: string, atMs: number][] {
    return this.#slots.get(key)?.timers.list() ?? []
  }

  /** Hands in an event; settles with its answer. `refuse` words the answer where the runtime itself turns the event away. */
  submit(key: string, event: Event, refuse: (reason: Refusal) => Answer): Promise<Answer> {
    if (this.#closed) return Promise.resolve(refuse('closing'))
    const slot = this.#slot(key)
    if (slot.queued >= queuedEventsMax) return Promise.resolve(refuse('overloaded'))
    return new Promise((resolve, reject) => {
      const token = ++this.#lastToken
      this.#waiting.set(token, { resolve, reject, refuse })
      slot.queue.push({ event, token })
      this.#pump(slot)
    })
  }

  /** Brings a key into memory, so that its timers run. */
  async load(key: string): Promise<void> {
    if (this.#closed) return
    const slot = this.#slot(key)
    if (slot.state === undefined && !slot.loading) await this.#load(slot)
  }

  /** Takes nothing more. What is parked is refused; what waits for the disk, or behind what does, is still answered. */
  quiesce(): void {
    this.#closed = true
    const underWay = new Set<Token>()
    for (const slot of this.#slots.values()) for (const token of slot.tokensUnderWay()) underWay.add(token)
    for (const token of [...this.#waiting.keys()]) if (!underWay.has(token)) this.#refuse(token, 'closing')
  }

  /** Answers everything that waits with a refusal and stops every timer. Writes under way end on their own; nothing is applied after them. */
  close(): void {
    this.#closed = true
    this.#forgetAll()
  }

  /** Forgets every key, as if nothing had ever been stored. What waits is refused. */
  reset(): void {
    this.#forgetAll()
  }

  #forgetAll(): void {
    for (const slot of this.#slots.values()) slot.timers.cancelAll()
    this.#slots.clear()
    for (const token of [...this.#waiting.keys()]) this.#refuse(token, 'closing')
  }

  #slot(key: string): Slot<State, Event> {
    let slot = this.#slots.get(key)
    if (!slot) {
      const timers = new Timers(this.#options.clock, (name) => this.#enqueueDue(key, name))
      slot = new Slot<State, Event>(key, timers)
      this.#slots.set(key, slot)
    }
    return slot
  }

  #enqueueDue(key: string, name: string): void {
    const slot = this.#slots.get(key)
    if (!slot) return
    slot.queue.push({ event: this.#coordinator.due(name), token: 0 })
    this.#pump(slot)
  }

  /** Works off a key's queue as far as it goes now. */
  #pump(slot: Slot<State, Event>): void {
    while (!slot.storing && !slot.loading && this.#slots.get(slot.key) === slot) {
      const next = slot.peek()
      if (!next) {
        this.#dropIfGone(slot)
        return
      }
      if (slot.state === undefined) {
        void this.#load(slot)
        continue
      }
      if (slot.inFlight > 0 && this.#coordinator.needsQuiet(next.event)) return
      if (this.#runBatch(slot)) continue
      slot.drop()
      const { event, token } = next
      this.#run(slot, token, (state, moment) => this.#coordinator.decide(state, event, moment))
    }
  }

  /** Several events that wait are decided one after the other on a copy, so that they share one commit: a thousand members that come at once need not wait for as many. */
  #runBatch(slot: Slot<State, Event>): boolean {
    const coordinator = this.#coordinator
    const { ahead, isBatched } = coordinator
    const mayJoin = (state: State, next: Queued<Event> | undefined): next is Queued<Event> =>
      next !== undefined && next.token !== 0 && isBatched?.(state, next.event) === true
    if (!ahead || !mayJoin(slot.state as State, slot.peek()) || !mayJoin(slot.state as State, slot.peek(1))) return false
    const copy = ahead(slot.state as State)
    const effects: Effect<Stored, Volatile, Answer>[] = []
    const tokens: Token[] = []
    const take = (more: Effect<Stored, Volatile, Answer>[]): number => {
      for (const effect of more) if (effect.do === 'record' || effect.do === 'change') coordinator.apply(copy, effect.record)
      return effects.push(...more) && more.length
    }
    for (let next = slot.peek(); tokens.length < batchedEventsMax && mayJoin(copy, next); next = slot.peek()) {
      slot.drop()
      tokens.push(next.token)
      const nowMs = this.#options.clock.now()
      try {
        take(coordinator.decide(copy, next.event, { nowMs, to: next.token }))
        while (take(coordinator.settle(copy, nowMs)) > 0);
      } catch (error) {
        this.#break(slot, next.token, error)
      }
    }
    this.#see(slot, tokens, effects)
    return true
  }

  #load(slot: Slot<State, Event>): Promise<void> | undefined {
    const arrived = (state: State): void => {
      slot.loading = false
      if (this.#slots.get(slot.key) !== slot) return
      slot.state = state
      this.#options.onLoaded?.(slot.key)
      for (const effect of this.#coordinator.wake(state, this.#options.clock.now())) this.#perform(slot, effect)
      // A state may come back with something to do at once (a setting was lowered meanwhile).
      this.#run(slot, 0, () => [])
      this.#pump(slot)
    }
    let loading: Promise<State> | State
    try {
      loading = this.#coordinator.load(this.#options.tables, slot.key)
    } catch (error) {
      loading = Promise.reject(error)
    }
    if (!(loading instanceof Promise)) {
      arrived(loading)
      return undefined
    }
    slot.loading = true
    return loading.then(arrived).catch((error) => this.#failLoad(slot, error))
  }

  /** Rows that cannot be read must not become an empty group that is then written over them. */
  #failLoad(slot: Slot<State, Event>, error: unknown): void {
    this.#options.onError(error, slot.key)
    slot.loading = false
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key)
    slot.timers.cancelAll()
    for (let next = slot.peek(); next; next = slot.peek()) {
      slot.drop()
      this.#refuse(next.token, 'not-stored')
    }
  }

  /** One decision and whatever it leads to. */
  #run(slot: Slot<State, Event>, token: Token, decide: (state: State, moment: Moment) => Effect<Stored, Volatile, Answer>[]): void {
    try {
      const effects = decide(slot.state as State, { nowMs: this.#options.clock.now(), to: token })
      this.#see(slot, [token], effects)
    } catch (error) {
      this.#break(slot, token, error)
    }
  }

  /** Has the effects stored where there is anything to store, then carried out. */
  #see(slot: Slot<State, Event>, tokens: readonly Token[], effects: Effect<Stored, Volatile, Answer>[]): void {
    if (effects.some((effect) => effect.do === 'record')) this.#store(slot, tokens, effects)
    else this.#carryOut(slot, effects)
  }

  /** Everything that these effects want stored is durable by now. */
  #carryOut(slot: Slot<State, Event>, effects: Effect<Stored, Volatile, Answer>[]): void {
    for (const effect of effects) this.#perform(slot, effect)
    // While another record is being stored the state waits for that one; it is asked then.
    if (slot.storing) return
    for (;;) {
      const more = this.#coordinator.settle(slot.state as State, this.#options.clock.now())
      if (more.length === 0) return
      if (more.some((effect) => effect.do === 'record')) {
        this.#store(slot, [0], more)
        return
      }
      for (const effect of more) this.#perform(slot, effect)
    }
  }

  /** Stores the records of these decisions in one batch, then goes on from there. */
  #store(slot: Slot<State, Event>, tokens: readonly Token[], effects: Effect<Stored, Volatile, Answer>[]): void {
    const batch = this.#options.batch()
    const outcomes: Outcome[] = []
    let commutes = true
    for (const effect of effects) {
      if (effect.do !== 'record') continue
      const outcome = this.#coordinator.write(batch, slot.key, effect.record)
      if (outcome) outcomes.push(outcome)
      if (!this.#coordinator.commutes(effect.record)) commutes = false
    }
    if (commutes) slot.inFlight++
    else slot.storing = true
    for (const effect of effects) if (effect.do === 'reply') slot.storingFor.add(effect.to)
    const settled = (results: readonly AppendResult[] | null): void => {
      for (const outcome of outcomes) outcome(results)
      if (commutes) slot.inFlight--
      else slot.storing = false
      for (const effect of effects) if (effect.do === 'reply') slot.storingFor.delete(effect.to)
      // Reset or closed meanwhile: the slot is no longer anyone's.
      if (this.#slots.get(slot.key) !== slot) return
      if (results) {
        try {
          this.#carryOut(slot, effects)
        } catch (error) {
          for (const token of tokens) this.#break(slot, token, error)
        }
      } else {
        for (const token of tokens) this.#refuse(token, 'not-stored')
        // What the state called for is still to be done.
        if (tokens.includes(0)) slot.timers.arm(storeRetryTimer, this.#options.clock.now() + storeRetryMs)
      }
      this.#pump(slot)
    }
    batch.commit().then(
      (results) => settled(results),
      () => settled(null),
    )
  }

  #perform(slot: Slot<State, Event>, effect: Effect<Stored, Volatile, Answer>): void {
    switch (effect.do) {
      case 'record':
      case 'change':
        this.#coordinator.apply(slot.state as State, effect.record)
        break
      case 'arm':
        slot.timers.arm(effect.timer, effect.atMs)
        break
      case 'cancel':
        slot.timers.cancel(effect.timer)
        break
      case 'reply': {
        const waiting = this.#waiting.get(effect.to)
        this.#waiting.delete(effect.to)
        waiting?.resolve(effect.answer)
      }
    }
  }

  #refuse(token: Token, reason: Refusal): void {
    const waiting = this.#waiting.get(token)
    this.#waiting.delete(token)
    waiting?.resolve(waiting.refuse(reason))
  }

  #break(slot: Slot<State, Event>, token: Token, error: unknown): void {
    this.#options.onError(error, slot.key)
    const waiting = this.#waiting.get(token)
    this.#waiting.delete(token)
    waiting?.reject(error)
  }

  #dropIfGone(slot: Slot<State, Event>): void {
    if (slot.state === undefined || slot.inFlight > 0 || slot.timers.size > 0) return
    if (this.#coordinator.isGone(slot.state)) this.#slots.delete(slot.key)
  }
}

/** Armed by the runtime when what the state called for could not be stored. Its event need do nothing: the state is asked again after it. */
const storeRetryTimer = 'store-retry'
