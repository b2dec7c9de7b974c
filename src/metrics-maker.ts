// Prometheus metrics whose values are read at each scrape, in prom-client's registry. What they show is metrics.ts's and kinesis-metrics.ts's.
import { Counter, Gauge, type Metric, type Registry } from 'prom-client'
import type { Histogram } from './counters.ts'

export type Labels = Readonly<Record<string, string | number>>
export type Series = Iterable<readonly [Labels, number]>

/** Makes metrics whose values are read at each scrape. */
export class Maker {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  counter(name: string, help: string, labelNames: string[], read: () => Series): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.inc(labels, value)
      },
    })
  }

  gauge(name: string, help: string, labelNames: string[], read: () => Series): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.set(labels, value)
      },
    })
  }

  /** prom-client's own Histogram takes single observations only, so ours hands over finished buckets in the shape that its Registry prints. */
  histogram(name: string, help: string, read: () => Iterable<readonly [Labels, Histogram]>): void {
    this.#printed('histogram', name, help, () => [...read()].flatMap(([labels, histogram]) => bucketValues(name, labels, histogram)))
  }

  /** A sum and a count, without quantiles: what an average is taken from. */
  summary(name: string, help: string, read: () => Iterable<readonly [Labels, { sum: number; count: number }]>): void {
    const values = (): PrintedValue[] =>
      [...read()].flatMap(([labels, { sum, count }]) => [
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ])
    this.#printed('summary', name, help, values)
  }

  #printed(type: 'histogram' | 'summary', name: string, help: string, values: () => PrintedValue[]): void {
    const metric = {
      name,
      async get() {
        return { name, help, type, aggregator: 'sum', values: values() }
      },
      reset() {},
    }
    this.#registry.registerMetric(metric as unknown as Metric)
  }
}

interface PrintedValue {
  metricName: string
  labels: Labels
  value: number
}

function bucketValues(name: string, labels: Labels, histogram: Histogram): PrintedValue[] {
  let below = 0
  const values: PrintedValue[] = histogram.bounds.map((bound, i) => {
    below += histogram.counts[i] ?? 0
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below }
  })
  values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: histogram.count })
  values.push({ metricName: `${name}_sum`, labels, value: histogram.sum })
  values.push({ metricName: `${name}_count`, labels, value: histogram.count })
  return values
}
