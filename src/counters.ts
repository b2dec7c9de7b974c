// Counts what happens, cheaply, for whoever asks later: plain numbers on the hot paths, no metrics library. metrics.ts turns them into Prometheus's text when scraped.
// One object per broker; nothing here is global.

import { ClientSeries } from './client-series.ts'
import { DeadLetterCounts } from './dead-letter-counts.ts'

/** The doors, as a label. */
export type Door = 'kafka' | 'aws'

/** Cumulative buckets with fixed upper bounds, in the unit of what is observed. */
export class Histogram {
  readonly bounds: readonly number[]
  /** One count per bound (not cumulative), and one for everything above. */
  readonly counts: Float64Array
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.sum += value
    this.count++
  }
}

/** Upper bounds for latencies: a quarter of a millisecond to ten seconds, long polls included. */
const secondsBounds: readonly number[] = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Upper bounds for the bytes of a commit: 1 KiB to 64 MiB. */
const bytesBounds: readonly number[] = [1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
/** Upper bounds for the appends of a commit. */
const appendsBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** What one operation of a door came to. */
export interface OperationCounts {
  readonly door: Door
  /** The API's or operation's name, as in the door's list. */
  readonly operation: string
  /** Requests by error: a name such as NONE or NOT_LEADER_OR_FOLLOWER, ResourceNotFoundException. */
  readonly byError: Map<string, number>
  readonly seconds: Histogram
}

/** What one topic took in and gave out. */
export interface TopicCounts {
  recordsIn: number
  bytesIn: number
  bytesOut: number
}

/** What one door's sockets did. */
export interface DoorCounts {
  bytesIn: number
  bytesOut: number
  connections: number
  connectionsOpened: number
  /** Refused or closed by us: over a limit, malformed input. */
  connectionsRejected: number
}

/** The counts of one broker. */
export class Counters {
  readonly operations = new Map<string, OperationCounts>()
  readonly doors: Readonly<Record<Door, DoorCounts>> = { kafka: emptyDoor(), aws: emptyDoor() }
  /** By topic name. Never more than `topicsMax` of them; others go to `otherTopics`. */
  readonly topics = new Map<string, TopicCounts>()
  readonly otherTopics: TopicCounts = emptyTopic()
  /** What clients pushed of themselves. */
  readonly clientSeries: ClientSeries
  readonly deadLetters: DeadLetterCounts
  /** Reads that failed because what is stored is damaged. */
  damagedReads = 0
  readonly commitSeconds = new Histogram(secondsBounds)
  readonly commitAppends = new Histogram(appendsBounds)
  readonly commitBytes = new Histogram(bytesBounds)
  readonly #topicsMax: number

  constructor(topicsMax = 200, clientSeriesMax = 1000, groupsMax = 200) {
    this.deadLetters = new DeadLetterCounts(groupsMax)
    this.#topicsMax = topicsMax
    this.clientSeries = new ClientSeries(clientSeriesMax)
  }

  /** A request was answered. `error` is the error's name, NONE where there was none. Names come from our own tables, never from a client, so that labels stay few. */
  observeRequest(door: Door, operation: string, error: string, seconds: number): void {
    const key = `${door} ${operation}`
    let counts = this.operations.get(key)
    if (!counts) {
      counts = { door, operation, byError: new Map(), seconds: new Histogram(secondsBounds) }
      this.operations.set(key, counts)
    }
    counts.byError.set(error, (counts.byError.get(error) ?? 0) + 1)
    counts.seconds.observe(seconds)
  }

  bytesIn(door: Door, bytes: number): void {
    this.doors[door].bytesIn += bytes
  }

  bytesOut(door: Door, bytes: number): void {
    this.doors[door].bytesOut += bytes
  }

  connectionOpened(door: Door): void {
    this.doors[door].connections++
    this.doors[door].connectionsOpened++
  }

  connectionClosed(door: Door): void {
    this.doors[door].connections--
  }

  /** A connection was refused, or closed for what it sent. */
  connectionRejected(door: Door): void {
    this.doors[door].connectionsRejected++
  }

  /** The counts of a topic, to be held and added to by the partition; `_other` when there are too many. */
  topic(name: string): TopicCounts {
    let counts = this.topics.get(name)
    if (!counts) {
      if (this.topics.size >= this.#topicsMax) return this.otherTopics
      counts = emptyTopic()
      this.topics.set(name, counts)
    }
    return counts
  }

  /** A deleted topic's series end. */
  forgetTopic(name: string): void {
    this.topics.delete(name)
  }

  /** The store committed: told by Store.onCommitMeasured. */
  observeCommit(seconds: number, appends: number, bytes: number): void {
    this.commitSeconds.observe(seconds)
    this.commitAppends.observe(appends)
    this.commitBytes.observe(bytes)
  }
}

function emptyDoor(): DoorCounts {
  return { bytesIn: 0, bytesOut: 0, connections: 0, connectionsOpened: 0, connectionsRejected: 0 }
}

function emptyTopic(): TopicCounts {
  return { recordsIn: 0, bytesIn: 0, bytesOut: 0 }
}
