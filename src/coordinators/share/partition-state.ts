// What a share group (KIP-932) knows of one partition: for each record between two offsets, whether it may be delivered, is out for delivery, or is settled.
// Values, never changed in place: each function takes a state and gives the next one. Knows nothing of wire formats, of logs or of time other than numbers, so
// that anything which hands out records one by one can stand on it. Acquiring is acquire.ts's; storing is partition-coordinator.ts's.

/**
 * `available`: may be delivered. `acquired`: out for delivery, held by one owner. `rejected` and `spent` (delivered too often): given up, and yet to be written to
 * the dead letter queue. The other two are final: taken, or given up (with or without a dead letter queue, or not there at all).
 */
export type RecordState = 'available' | 'acquired' | 'rejected' | 'spent' | 'acknowledged' | 'archived'
/** What becomes of a record that is given up: it is over with it, or it goes to the dead letter queue first. */
export type GivenUp = 'archived' | 'spent'

/** Consecutive offsets that are alike. */
export interface Run {
  readonly first: number
  /** Inclusive. */
  readonly last: number
  readonly state: RecordState
  /** How often it was handed out so far. */
  readonly deliveryCount: number
  /** Who holds it; empty unless acquired. */
  readonly owner: string
  /** When the hold lapses; 0 unless acquired. */
  readonly lockedUntilMs: number
  /** When it was handed out for the first time; 0 where nobody asked to keep that, and once it is settled. */
  readonly firstMs: number
}

export interface SharePartitionState {
  /** Everything before it is settled. */
  readonly startOffset: number
  /** Nothing from here on was ever handed out. */
  readonly endOffset: number
  /** Every offset from start to end in exactly one run, in order; never begins with a final run, neighbours differ. */
  readonly runs: readonly Run[]
}

/** What an owner says of offsets that it holds. `gap`: there is no such record. */
export type Acknowledgement = 'accept' | 'release' | 'reject' | 'renew' | 'gap'

export interface AcknowledgedRange {
  readonly first: number
  readonly last: number
  /** One for all of the range, or one for each offset. */
  readonly types: readonly Acknowledgement[]
}

/** Why acknowledgements are refused; nothing of the request is done then. */
export type AcknowledgeFault = 'not-in-flight' | 'past-first' | 'past-last' | 'not-acquired' | 'not-owner'

export const emptyState = (offset: number): SharePartitionState => ({ startOffset: offset, endOffset: offset, runs: [] })

/** The run as nobody holds it. */
export const free = (first: number, last: number, state: Exclude<RecordState, 'acquired'>, deliveryCount: number, firstMs = 0): Run => ({
  first,
  last,
  state,
  deliveryCount,
  owner: '',
  lockedUntilMs: 0,
  firstMs,
})

/** Will it never be delivered again? */
export const isFinal = ({ state }: Run): boolean => state === 'acknowledged' || state === 'archived'

/** Is it still to be written to the dead letter queue? */
export const isGivenUp = ({ state }: Run): boolean => state === 'rejected' || state === 'spent'

const alike = (a: Run, b: Run): boolean =>
  a.state === b.state && a.deliveryCount === b.deliveryCount && a.owner === b.owner && a.lockedUntilMs === b.lockedUntilMs && a.firstMs === b.firstMs

/** Puts runs together into a state: joins neighbours that are alike, and moves the start past what is settled. */
export function stateOf(runs: readonly Run[], endOffset: number): SharePartitionState {
  let from = 0
  while (from < runs.length && isFinal(runs[from]!)) from++
  const joined: Run[] = []
  for (let at = from; at < runs.length; at++) {
    const run = runs[at]!
    const before = joined.at(-1)
    if (before && alike(before, run)) joined[joined.length - 1] = { ...before, last: run.last }
    else joined.push(run)
  }
  return { startOffset: joined[0]?.first ?? endOffset, endOffset, runs: joined }
}

/** The index of the run that holds `offset`, which lies within the state. */
export function runAt(runs: readonly Run[], offset: number): number {
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (runs[middle]!.last < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the next delivery begins: at the first record that is available again, else at the end. */
export function nextOffset({ runs, endOffset }: SharePartitionState): number {
  return runs.find(({ state }) => state === 'available')?.first ?? endOffset
}

/** Records that were handed out or passed over and are not settled. */
export function inFlightCount({ runs }: SharePartitionState): number {
  let count = 0
  for (const run of runs) if (!isFinal(run)) count += run.last - run.first + 1
  return count
}

/** Records behind the start that are settled already. */
export const settledCount = (state: SharePartitionState): number => state.endOffset - state.startOffset - inFlightCount(state)

/** The soonest end of a hold; null while nothing is held. */
export function nextLapseMs({ runs }: SharePartitionState): number | null {
  let next: number | null = null
  for (const { state, lockedUntilMs } of runs) if (state === 'acquired' && (next === null || lockedUntilMs < next)) next = lockedUntilMs
  return next
}

/** What becomes of records that are given back. */
export interface ReleaseRules {
  readonly deliveryCountLimit: number
  /** What those become that were delivered too often; left out, `archived`. `spent`: the group has a dead letter queue. */
  readonly givenUp?: GivenUp
}

/** What was held and is given back: for others, or given up where it was handed out as often as may be. */
function releasedRun({ first, last, deliveryCount, firstMs }: Run, { deliveryCountLimit, givenUp = 'archived' }: ReleaseRules): Run {
  return deliveryCount >= deliveryCountLimit ? free(first, last, givenUp, deliveryCount) : free(first, last, 'available', deliveryCount, firstMs)
}

/** Gives back what `which` names; null where that is nothing. */
function releaseWhere(state: SharePartitionState, rules: ReleaseRules, which: (run: Run) => boolean): SharePartitionState | null {
  if (!state.runs.some((run) => run.state === 'acquired' && which(run))) return null
  const runs = state.runs.map((run) => (run.state === 'acquired' && which(run) ? releasedRun(run, rules) : run))
  return stateOf(runs, state.endOffset)
}

/** Holds that have lapsed are given back; null where there are none. */
export const lapse = (state: SharePartitionState, nowMs: number, rules: ReleaseRules): SharePartitionState | null =>
  releaseWhere(state, rules, ({ lockedUntilMs }) => lockedUntilMs <= nowMs)

/** Everything that the owner holds is given back; null where it holds nothing. */
export const releaseOwner = (state: SharePartitionState, owner: string, rules: ReleaseRules): SharePartitionState | null =>
  releaseWhere(state, rules, (run) => run.owner === owner)

/** What of these offsets was given up is in the dead letter queue now, or cannot be: it is over with it. Null where that is nothing. */
export function bury(state: SharePartitionState, first: number, last: number): SharePartitionState | null {
  const isMeant = (run: Run): boolean => isGivenUp(run) && run.first <= last && run.last >= first
  if (!state.runs.some(isMeant)) return null
  const runs = state.runs.flatMap((run) => {
    if (!isMeant(run)) return run
    const from = Math.max(run.first, first)
    const to = Math.min(run.last, last)
    const parts = [free(from, to, 'archived', run.deliveryCount)]
    if (run.first < from) parts.unshift({ ...run, last: from - 1 })
    if (run.last > to) parts.push({ ...run, first: to + 1 })
    return parts
  })
  return stateOf(runs, state.endOffset)
}

/** The log begins at `offset` now: what came before it is gone. Null where that changes nothing. */
export function trimTo(state: SharePartitionState, offset: number): SharePartitionState | null {
  if (offset <= state.startOffset) return null
  if (offset >= state.endOffset) return emptyState(offset)
  const at = runAt(state.runs, offset)
  const runs = [{ ...state.runs[at]!, first: offset }, ...state.runs.slice(at + 1)]
  return stateOf(runs, state.endOffset)
}

/** As a restart finds it: nobody holds anything; how often a record was handed out is kept. */
export function unheld(state: SharePartitionState): SharePartitionState {
  const runs = state.runs.map((run) => (run.state === 'acquired' ? free(run.first, run.last, 'available', run.deliveryCount, run.firstMs) : run))
  return stateOf(runs, state.endOffset)
}

/** The state with `run` in the place of what it has from the run's first offset to its last, which lie within it. */
export function withRun(state: SharePartitionState, run: Run): SharePartitionState {
  const begin = runAt(state.runs, run.first)
  const end = runAt(state.runs, run.last)
  const middle = [run]
  if (state.runs[begin]!.first < run.first) middle.unshift({ ...state.runs[begin]!, last: run.first - 1 })
  if (state.runs[end]!.last > run.last) middle.push({ ...state.runs[end]!, first: run.last + 1 })
  return stateOf([...state.runs.slice(0, begin), ...middle, ...state.runs.slice(end + 1)], state.endOffset)
}

export interface AcknowledgeRules extends ReleaseRules {
  readonly owner: string
  /** Where renewed holds lapse. */
  readonly lockedUntilMs: number
}

/** What the owner says of its records, all of it or nothing. Offsets before the start are passed over: they were settled or trimmed meanwhile. */
export function acknowledge(
  state: SharePartitionState,
  ranges: readonly AcknowledgedRange[],
  rules: AcknowledgeRules,
): SharePartitionState | AcknowledgeFault {
  let runs = state.runs
  for (const range of ranges) {
    if (range.last < state.startOffset) continue
    const fault = placeFault(state, range)
    if (fault) return fault
    const changed = acknowledgeRange(runs, range, Math.max(range.first, state.startOffset), rules)
    if (typeof changed === 'string') return changed
    runs = changed
  }
  return stateOf(runs, state.endOffset)
}

function placeFault(state: SharePartitionState, { first, last }: AcknowledgedRange): AcknowledgeFault | null {
  if (state.runs.length === 0) return 'not-in-flight'
  if (first >= state.endOffset) return 'past-first'
  return last >= state.endOffset ? 'past-last' : null
}

function acknowledgeRange(runs: readonly Run[], range: AcknowledgedRange, from: number, rules: AcknowledgeRules): Run[] | AcknowledgeFault {
  const begin = runAt(runs, from)
  const middle: Run[] = []
  let at = begin
  for (; at < runs.length && runs[at]!.first <= range.last; at++) {
    const run = runs[at]!
    if (run.state !== 'acquired') return 'not-acquired'
    if (run.owner !== rules.owner) return 'not-owner'
    const first = Math.max(run.first, from)
    const last = Math.min(run.last, range.last)
    if (run.first < first) middle.push({ ...run, last: first - 1 })
    for (const [a, b, type] of spans(range, first, last)) middle.push(acknowledgedRun({ ...run, first: a, last: b }, type, rules))
    if (last < run.last) middle.push({ ...run, first: last + 1 })
  }
  return [...runs.slice(0, begin), ...middle, ...runs.slice(at)]
}

/** The part of a range from `first` to `last` in stretches of one type. */
function* spans(range: AcknowledgedRange, first: number, last: number): IterableIterator<[number, number, Acknowledgement]> {
  if (range.types.length === 1) {
    yield [first, last, range.types[0]!]
    return
  }
  for (let from = first; from <= last; ) {
    const type = range.types[from - range.first]!
    let to = from
    while (to < last && range.types[to + 1 - range.first] === type) to++
    yield [from, to, type]
    from = to + 1
  }
}

function acknowledgedRun(run: Run, type: Acknowledgement, rules: AcknowledgeRules): Run {
  switch (type) {
    case 'accept':
      return free(run.first, run.last, 'acknowledged', run.deliveryCount)
    case 'reject':
      return free(run.first, run.last, rules.givenUp === 'spent' ? 'rejected' : 'archived', run.deliveryCount)
    case 'gap':
      return free(run.first, run.last, 'archived', run.deliveryCount)
    case 'release':
      return releasedRun(run, rules)
    case 'renew':
      return { ...run, lockedUntilMs: rules.lockedUntilMs }
  }
}
