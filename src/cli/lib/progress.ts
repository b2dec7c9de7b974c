// A line on standard error that tells how far long work has come and how long it will take. Only on a terminal; elsewhere it is silent.
import { durationText } from './output.ts'

export interface ProgressOptions {
  /** What is being done: `producing`. */
  label: string
  /** How much there is to do; null where nobody knows. */
  total: number | null
  /** How an amount reads: `12.3 MB`, `4,000`. */
  show(amount: number): string
  /** Milliseconds of some steady clock. */
  now?(): number
  stream?: { isTTY?: boolean; columns?: number; write(text: string): unknown }
}

const drawEveryMs = 100
const barCells = 24
const guessAfterMs = 500

/** A progress line. `to` says how far; `end` takes the line away. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #stream: NonNullable<ProgressOptions['stream']>
  readonly #now: () => number
  readonly #startMs: number
  #drawnMs = Number.NEGATIVE_INFINITY
  #drawn = false

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#stream = options.stream ?? process.stderr
    this.#now = options.now ?? (() => performance.now())
    this.#startMs = this.#now()
  }

  /** So much is done. Draws ten times a second at most. */
  to(amount: number): void {
    const nowMs = this.#now()
    if (!this.#stream.isTTY || nowMs - this.#drawnMs < drawEveryMs) return
    this.#drawnMs = nowMs
    this.#drawn = true
    const text = progressText(this.#options, amount, nowMs - this.#startMs)
    this.#stream.write(`\r\x1b[K${text.slice(0, (this.#stream.columns || 120) - 1)}`)
  }

  /** Clears the line. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\x1b[K')
    this.#drawn = false
  }
}

/** The line itself: bar, share, amounts, rate, time left. */
export function progressText({ label, total, show }: ProgressOptions, amount: number, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? amount / (elapsedMs / 1000) : 0
  const rate = `${show(Math.round(perSecond))}/s`
  if (total === null) return `${label}  ${show(amount)}  ${rate}  ${durationText(elapsedMs)}`
  const share = total > 0 ? Math.min(1, amount / total) : 1
  const filled = Math.round(share * barCells)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)}`
  // A guess from the first moments would be far off.
  const left = perSecond > 0 && elapsedMs >= guessAfterMs ? `${durationText(((total - amount) / perSecond) * 1000)} left` : ''
  return `${label}  ${bar} ${Math.floor(share * 100)}%  ${show(amount)} of ${show(total)}  ${rate}  ${left}`.trimEnd()
}
