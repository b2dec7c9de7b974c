// Plays a transcript of queue `q` on partition 0: commands (lines with `>`) go in, and what comes out (`<` answers, `=` rows stored, `!` errors, `~` something may
// have become visible) is written below each. The text that comes back is compared with the file, or replaces it.
import { ManualClock } from '../../src/clock.ts'
import type { QueueAnswer, Received, Settlement } from '../../src/coordinators/share/queue-partition.ts'
import { QueuePartitions } from '../../src/coordinators/share/queue-partitions.ts'
import { playWith, rowsWritten } from './played.ts'
import { FakeStore } from './world.ts'

/** The transcript with its answers as this code gives them. */
export const playQueue = (text: string): Promise<string> => playWith(new Player(), text)

class Player {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  /** Every receipt, by name: `r1`, `r2` … in order of delivery. */
  readonly receipts = new Map<string, Received>()
  receiveCountMax = 3
  isGone = false
  /** Records of the log so far. */
  end = 0
  startOffset = 0
  said: string[] = []
  queue = this.open()

  open(): QueuePartitions {
    const { store, clock } = this
    return new QueuePartitions({
      store,
      clock,
      rulesOf: () => (this.isGone ? null : { receiveCountMax: this.receiveCountMax }),
      startOf: () => 0,
      moved: () => this.said.push('~'),
      onError: (error) => this.said.push(`! ${error}`),
    })
  }

  close(): void {
    this.queue.close()
  }

  async run(line: string): Promise<string[]> {
    this.said = []
    this.store.written = []
    const [command = '', ...words] = line.split(/\s+/)
    await this.command(command, words)
    for (let turn = 0; turn < 5; turn++) await new Promise((settled) => setImmediate(settled))
    this.said.push(...rowsWritten(this.store))
    return this.said
  }

  async command(command: string, [first = '', ...rest]: string[]): Promise<void> {
    const number = Number(first)
    switch (command) {
      case 'put':
        this.end += number
        return
      case 'trim':
        this.startOffset = number
        return
      case 'receive':
        return this.tell(await this.receive('receive', number, Number(rest[0])))
      case 'receive-dead':
        return this.tell(await this.receive('receive-dead', number, Number(rest[0])))
      case 'acknowledge':
      case 'restore':
        return this.settle('settle', [first, ...rest], command)
      case 'hold':
        return this.settle('settle', rest, { holdMs: number })
      case 'dead':
        return this.settle(
          'settle-dead',
          first === 'hold' ? rest.slice(1) : rest,
          first === 'hold' ? { holdMs: Number(rest[0]) } : (first as Settlement),
        )
      case 'state':
        return this.state()
      case 'advance':
        return this.clock.advance(number)
      case 'restart':
        this.queue.close()
        this.queue = this.open()
        return
      case 'store':
        this.store.isFull = first === 'full'
        return
      case 'max':
        this.receiveCountMax = number
        return this.queue.rulesChanged('q')
      case 'remove':
        this.isGone = true
        return this.queue.remove('q')
      default:
        throw new Error(`no such command: ${command}`)
    }
  }

  receive(verb: 'receive' | 'receive-dead', recordsMax: number, holdMs: number): Promise<QueueAnswer> {
    const batches = this.end > this.startOffset ? [{ first: this.startOffset, last: this.end - 1, deliverable: true }] : []
    return this.queue.ask('q', 0, { verb, logStartOffset: this.startOffset, recordsMax, holdMs, readFrom: this.startOffset, batches })
  }

  tell({ error, received }: QueueAnswer): void {
    const named = received.map((one) => {
      const name = `r${this.receipts.size + 1}`
      this.receipts.set(name, one)
      return `${name}=${one.offset}x${one.deliveryCount}@${one.firstMs - 1_700_000_000_000}`
    })
    this.said.push(`< ${error} ${named.join(' ')}`.trimEnd())
  }

  async settle(verb: 'settle' | 'settle-dead', names: readonly string[], to: Settlement): Promise<void> {
    const receipts = names.map((name) => ({ ...this.receipts.get(name)!, to }))
    const { error, faults } = await this.queue.ask('q', 0, { verb, receipts })
    this.said.push(`< ${error} ${faults.map((fault, at) => `${names[at]}:${fault ?? 'done'}`).join(' ')}`.trimEnd())
  }

  async state(): Promise<void> {
    const slot = (await this.queue.look('q', 0))!
    const { live, dead } = slot
    const runs = live.runs.map((run) => `${run.first}-${run.last}:${run.state}x${run.deliveryCount}`)
    this.said.push(`< start=${live.startOffset} end=${live.endOffset} ${runs.join(' ')}`.trimEnd())
    if (dead.size > 0) this.said.push(`< dead ${[...dead.values()].map(({ offset, deliveryCount }) => `${offset}x${deliveryCount}`).join(' ')}`)
    for (const [name, atMs] of this.queue.timers('q', 0)) this.said.push(`< ${name} in ${atMs - this.clock.now()}`)
  }
}
