// kafkajs arms timers for times that have passed, which Node.js 24 remarks upon on standard error. Whoever runs a command or the demo can do nothing about it.
// For our own executables only: a library leaves the process of others alone.

/** Keeps Node.js's remark about timers in the past from being printed; every other warning is. */
export function overlookPastTimers(): void {
  const emit = process.emitWarning as (warning: string | Error, ...details: unknown[]) => void
  process.emitWarning = (warning: string | Error, ...details: unknown[]) => {
    if (details[0] !== 'TimeoutNegativeWarning') emit.call(process, warning, ...details)
  }
}
