// The account's on-demand commitment: enabled for a day at least, as AWS bills it. Round-trips; nothing is billed here.
import { type Table, table } from '../../storage/tables.ts'
import type { Engine } from '../engine/engine.ts'
import type { Output } from './operation.ts'
import { WireTime } from './wire-time.ts'

interface CommitmentRow {
  startedMs: number | null
  /** When it was asked to end; it ends then or when the day is over. */
  endedMs: number | null
}

/** Key: ['commitment']. */
const accountTable: Table<CommitmentRow> = table('kinesis-account')
const dayMs = 86_400_000
const never: CommitmentRow = { startedMs: null, endedMs: null }

export class Account {
  readonly #engine: Engine
  #row: CommitmentRow

  private constructor(engine: Engine, row: CommitmentRow) {
    this.#engine = engine
    this.#row = row
  }

  static async load(engine: Engine): Promise<Account> {
    const account = new Account(engine, (await engine.store.tables.get(accountTable, ['commitment'])) ?? never)
    engine.onReset(() => {
      account.#row = never
    })
    return account
  }

  /** Whether the commitment holds now. */
  committed(nowMs: number): boolean {
    return this.#statusAt(nowMs) !== 'DISABLED'
  }

  describe(nowMs: number): Output {
    const { startedMs, endedMs } = this.#row
    const status = this.#statusAt(nowMs)
    return {
      Status: status,
      StartedAt: startedMs === null ? undefined : new WireTime(startedMs),
      EndedAt: status === 'DISABLED' && endedMs !== null ? new WireTime(endedMs) : undefined,
      EarliestAllowedEndAt: startedMs === null ? undefined : new WireTime(startedMs + dayMs),
    }
  }

  async commit(enabled: boolean, nowMs: number): Promise<void> {
    const committed = this.committed(nowMs)
    let row = this.#row
    if (enabled) row = committed ? { ...row, endedMs: null } : { startedMs: nowMs, endedMs: null }
    else if (committed && row.endedMs === null) row = { ...row, endedMs: Math.max(nowMs, (row.startedMs ?? nowMs) + dayMs) }
    await this.#engine.store.batch().put(accountTable, ['commitment'], row).commit()
    this.#row = row
  }

  #statusAt(nowMs: number): 'ENABLED' | 'DISABLED' | 'ENABLED_UNTIL_EARLIEST_ALLOWED_END' {
    const { startedMs, endedMs } = this.#row
    if (startedMs === null) return 'DISABLED'
    if (endedMs === null) return 'ENABLED'
    return nowMs < endedMs ? 'ENABLED_UNTIL_EARLIEST_ALLOWED_END' : 'DISABLED'
  }
}
