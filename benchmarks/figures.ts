// Arithmetic of figures: percentiles, medians, how a number is written.

/** The value below which `share` of the values lie; NaN for none, so that a figure that did not come out is seen. */
export function percentile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

export const median = (values: ArrayLike<number>): number => percentile(values, 0.5)

/** Three digits that matter. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return size >= 10_000
    ? Math.round(value).toLocaleString('en-US')
    : size >= 100
      ? value.toFixed(0)
      : size >= 10
        ? value.toFixed(1)
        : value.toFixed(2)
}

/** The percentiles that latencies are told by, as figures. */
export const latencyFigures = (name: string, values: ArrayLike<number>): Record<string, number> => ({
  [`${name} p50 ms`]: percentile(values, 0.5),
  [`${name} p99 ms`]: percentile(values, 0.99),
  [`${name} p99.9 ms`]: percentile(values, 0.999),
})
