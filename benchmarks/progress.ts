// The progress line of a terminal: a bar, what runs now, and how long it will still take.

const barCells = 24

/** `[████░░░░] 3/8 produce, kafka · 1 min 20 s left`, cut to the terminal's width. The time left is unknown until a run is over. */
export function progressLine(done: number, total: number, elapsedMs: number, label: string, columns: number): string {
  const filled = total === 0 ? 0 : Math.round((done / total) * barCells)
  const left = done === 0 ? '' : ` · ${duration((elapsedMs / done) * (total - done))} left`
  return `[${'█'.repeat(filled)}${'░'.repeat(barCells - filled)}] ${done}/${total} ${label}${left}`.slice(0, columns)
}

/** Whole seconds, with minutes from 60 on. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Draws on standard error where that is a terminal; silent else. */
export class Progress {
  #done = 0
  #label = ''
  readonly #total: number
  readonly #startedMs = performance.now()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(total: number) {
    this.#total = total
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#draw(), 500)
    this.#timer?.unref()
  }

  begin(label: string): void {
    this.#label = label
    this.#draw()
  }

  finish(): void {
    this.#done++
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#timer) process.stderr.write('\r\x1b[K')
  }

  end(): void {
    this.clear()
    clearInterval(this.#timer)
  }

  #draw(): void {
    if (!this.#timer) return
    const line = progressLine(this.#done, this.#total, performance.now() - this.#startedMs, this.#label, process.stderr.columns ?? 80)
    process.stderr.write(`\r\x1b[K${line}`)
  }
}
