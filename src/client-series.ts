// Metrics that clients pushed (KIP-714), as numbers for /metrics. How many series and clients are kept is bounded, whatever clients send. Where they come from is kafka/telemetry/client-telemetry.ts's.

/** One number of a client, as it pushed it. */
export interface ClientPoint {
  /** The name that the client gave it: org.apache.kafka.producer.record.send.rate. */
  readonly metric: string
  /** What tells it from others of that name: `topic=t`. */
  readonly attributes: string
  /** `count` only grows. */
  readonly kind: 'gauge' | 'count'
  readonly value: number
  /** Of a count: what came since the last push, rather than since the client's start. */
  readonly delta: boolean
}

export interface ClientLabels {
  readonly clientId: string
  readonly clientInstanceId: string
}

interface Client {
  labels: ClientLabels
  expiresMs: number
  series: Map<string, { metric: string; attributes: string; kind: 'gauge' | 'count'; value: number }>
}

/** Names and attributes come from clients: longer ones are cut. */
const textCharsMax = 200

export class ClientSeries {
  readonly #seriesMax: number
  readonly #clients = new Map<string, Client>()
  #size = 0
  /** Points that found no room. */
  dropped = 0

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax
  }

  /** Takes a push. The client's series end at `expiresMs` unless it pushes again. */
  push(labels: ClientLabels, points: Iterable<ClientPoint>, nowMs: number, expiresMs: number): void {
    this.#expire(nowMs)
    let client = this.#clients.get(labels.clientInstanceId)
    if (!client) {
      client = { labels: { ...labels, clientId: labels.clientId.slice(0, textCharsMax) }, expiresMs, series: new Map() }
      this.#clients.set(labels.clientInstanceId, client)
    }
    client.expiresMs = expiresMs
    for (const { metric, attributes, kind, value, delta } of points) {
      const [name, details] = [metric.slice(0, textCharsMax), attributes.slice(0, textCharsMax)]
      const key = `${kind} ${name} ${details}`
      const known = client.series.get(key)
      if (known) known.value = kind === 'count' && delta ? known.value + value : value
      else if (this.#size >= this.#seriesMax) this.dropped++
      else {
        client.series.set(key, { metric: name, attributes: details, kind, value })
        this.#size++
      }
    }
    if (client.series.size === 0) this.#clients.delete(labels.clientInstanceId)
  }

  /** The client said that it ends. */
  end(clientInstanceId: string): void {
    const client = this.#clients.get(clientInstanceId)
    if (!client) return
    this.#size -= client.series.size
    this.#clients.delete(clientInstanceId)
  }

  /** Every series of one kind, with its client. */
  *all(kind: 'gauge' | 'count'): Generator<{ labels: ClientLabels; metric: string; attributes: string; value: number }> {
    for (const { labels, series } of this.#clients.values()) {
      for (const one of series.values()) if (one.kind === kind) yield { labels, metric: one.metric, attributes: one.attributes, value: one.value }
    }
  }

  get clients(): number {
    return this.#clients.size
  }

  #expire(nowMs: number): void {
    for (const [id, client] of this.#clients) if (client.expiresMs <= nowMs) this.end(id)
  }
}
