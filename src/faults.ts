// Faults on demand, for tests of clients: which requests a door shall refuse, or leave without an answer. Holds the rules and counts them down;
// each door acts on them in its own words, fault-names.ts checks them.

/** What shall go wrong. */
export interface Fault {
  /** A Kafka API or an AWS operation by its name: `Produce`, `PutRecords`. */
  operation: string
  /** An error of that door by its name, `NOT_LEADER_OR_FOLLOWER` or `ProvisionedThroughputExceededException`; or `disconnect`: the connection ends without an answer. */
  error: string
  /** `before` (the default): nothing is done. `after`: it is done all the same, and the client is not told so. */
  when?: 'before' | 'after'
  /** How many requests meet it. Default: 1. */
  times?: number
}

/** The faults of one broker. */
export class Faults {
  #rules: { fault: Fault; left: number }[] = []

  /** Doors ask this first: a broker without faults pays nothing for them. */
  get none(): boolean {
    return this.#rules.length === 0
  }

  /** Gives a function that takes the fault back. */
  add(fault: Fault): () => void {
    const rule = { fault, left: fault.times ?? 1 }
    this.#rules.push(rule)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule)
    }
  }

  /** The fault that this request meets, counted down; the one that was asked for first, first. */
  take(operation: string): Fault | null {
    const rule = this.#rules.find(({ fault }) => fault.operation === operation)
    if (!rule) return null
    rule.left--
    if (rule.left <= 0) this.#rules = this.#rules.filter((other) => other !== rule)
    return rule.fault
  }

  clear(): void {
    this.#rules = []
  }
}

/** What a client, and the log, is told beside the error. */
export const faultText = 'A test asked for this fault.'
/** The error of a fault that is a connection's end. */
export const disconnect = 'disconnect'
