// What a coordinator can ask for. `decide` only reads and returns these; runtime.ts carries them out in one order: store, apply, arm, reply.
// A reply stands in the same array as the record that it depends on, so nobody can answer before the record is durable.

/** A request that waits for its answer. Zero stands for nobody (a timer). */
export type Token = number

/**
 * One thing to do.
 * - `record`: stored, then applied. All records of one array are stored in one batch.
 * - `change`: applied only; a restart forgets it (parked requests, members that have not been through a whole rebalance).
 * - `reply`: sent after everything else in the array has happened.
 * - `arm`, `cancel`: timers have a name, unique within their key; arming again moves the deadline.
 */
export type Effect<Stored, Volatile, Answer> =
  | { readonly do: 'record'; readonly record: Stored }
  | { readonly do: 'change'; readonly record: Volatile }
  | { readonly do: 'reply'; readonly to: Token; readonly answer: Answer }
  | { readonly do: 'arm'; readonly timer: string; readonly atMs: number }
  | { readonly do: 'cancel'; readonly timer: string }

export const record = <Stored>(stored: Stored): { do: 'record'; record: Stored } => ({ do: 'record', record: stored })
export const change = <Volatile>(volatile: Volatile): { do: 'change'; record: Volatile } => ({ do: 'change', record: volatile })
export const reply = <Answer>(to: Token, answer: Answer): { do: 'reply'; to: Token; answer: Answer } => ({ do: 'reply', to, answer })
export const arm = (timer: string, atMs: number): { do: 'arm'; timer: string; atMs: number } => ({ do: 'arm', timer, atMs })
export const cancel = (timer: string): { do: 'cancel'; timer: string } => ({ do: 'cancel', timer })
