// `twinlog consume`: prints the records of a topic. What is printed is in records/print.ts, where reading begins in records/begin.ts.
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { CommandError, defineCommand, exitCodes, UsageError, wholeNumber, wordOf } from './lib/command.ts'
import { asCommandError, bootstrapOption, connect, withAdmin } from './lib/kafka.ts'
import { Progress } from './lib/progress.ts'
import { type Beginning, beginning, type Stretch, stretches } from './records/begin.ts'
import { Printer } from './records/print.ts'

/** Without --follow, records that never come (a topic that ends in control records) are waited for this long. */
const silenceMsMax = 5000
const sessionTimeoutMs = 10_000
/** kafkajs ends no sooner than its fetch under way; so short a wait costs little when nothing comes. */
const maxWaitTimeInMs = 200

export const command = defineCommand({
  usage: 'twinlog consume TOPIC [--follow] [--group GROUP]',
  summary: 'Prints the records of a topic, up to its end as it is now, or with --follow as they come.',
  details:
    'Without --group nothing is committed; reading begins at the start, or with --follow at the end. With --group it begins where the group stopped,\nand what was printed is committed.',
  positionals: { min: 1, max: 1 },
  options: {
    ...bootstrapOption,
    follow: { type: 'boolean', short: 'f', help: 'Go on with new records until interrupted.' },
    'from-beginning': { type: 'boolean', help: 'Begin at the start (of a group: where it has committed nothing).' },
    offset: {
      type: 'string',
      short: 'o',
      value: 'WHERE',
      help: 'Begin at earliest, latest, an offset, or -N: the last N records of each partition.',
    },
    partition: { type: 'string', short: 'p', value: 'N', help: 'Only this partition.' },
    group: { type: 'string', short: 'g', value: 'GROUP', help: 'Read as a member of this group and commit.' },
    'max-messages': { type: 'string', short: 'n', value: 'N', help: 'Stop after so many.' },
    format: {
      type: 'string',
      value: 'text|json|raw',
      help: 'text (default): a line with the value; json: an object a line; raw: the value’s bytes only.',
    },
    'key-separator': { type: 'string', short: 'K', value: 'TEXT', help: 'text: print the key first, and this between.' },
    headers: { type: 'boolean', help: 'text: print headers first.' },
    meta: { type: 'boolean', help: 'text: print partition, offset and time first.' },
    json: { type: 'boolean', help: 'The same as --format json.' },
  },
  examples: [
    'twinlog consume orders',
    'twinlog consume orders --follow --json',
    'twinlog consume orders --offset -10 --meta',
    'twinlog consume orders --group billing --max-messages 100',
  ],
  async run(values, [topic = '']) {
    const format = wordOf(['text', 'json', 'raw'], values.format, '--format') ?? (values.json ? 'json' : 'text')
    const messagesMax = wholeNumber(values['max-messages'], '--max-messages', 1) ?? Number.POSITIVE_INFINITY
    const only = wholeNumber(values.partition, '--partition')
    if (values.offset !== undefined && values['from-beginning']) throw new UsageError('--offset and --from-beginning exclude each other')
    const begin = beginning(values.offset, values['from-beginning'] ?? !(values.follow ?? false))
    // A consumer of kafkajs is always a member of a group; without --group it is one of its own, which is deleted afterwards.
    const groupId = values.group ?? `twinlog-consume-${process.pid}-${Date.now().toString(36)}`
    const printer = new Printer(process.stdout, {
      format,
      keySeparator: values['key-separator'] ?? null,
      headers: values.headers ?? false,
      meta: values.meta ?? false,
    })
    const kafka = await connect(values.bootstrap)
    const asked = { kafka, topic, groupId, begin, only, messagesMax, follow: values.follow ?? false, commits: values.group !== undefined, printer }
    try {
      const plan = await withAdmin(values.bootstrap, (admin) => stretches(admin, { topic, groupId, begin, named: asked.commits }))
      if (only !== undefined && !plan.some(({ partition }) => partition === only)) throw new CommandError(`${topic} has no partition ${only}`)
      await new Reading(asked, plan).run()
    } catch (error) {
      throw asCommandError(error, values.bootstrap)
    } finally {
      await printer.end()
      if (!asked.commits) await withAdmin(values.bootstrap, (admin) => admin.deleteGroups([groupId])).catch(() => {})
    }
    return exitCodes.done
  },
})

interface Asked {
  kafka: Kafka
  topic: string
  groupId: string
  begin: Beginning
  only: number | undefined
  messagesMax: number
  follow: boolean
  commits: boolean
  printer: Printer
}

/** One run of a consumer, from joining to leaving. */
class Reading {
  readonly #asked: Asked
  /** By partition: where reading is, and where it ends. */
  readonly #stretches: Map<number, Stretch>
  readonly #total: number
  readonly #progress: Progress
  #printed = 0
  #over = false
  #end!: (error?: unknown) => void
  #heardMs = performance.now()

  constructor(asked: Asked, plan: readonly Stretch[]) {
    this.#asked = asked
    this.#stretches = new Map(
      plan.filter(({ partition }) => asked.only === undefined || partition === asked.only).map((stretch) => [stretch.partition, { ...stretch }]),
    )
    this.#total = Math.min(
      asked.messagesMax,
      plan.reduce((sum, { from, end }) => sum + Math.max(0, end - from), 0),
    )
    // Beside records on the same terminal it would be in the way.
    const quiet = process.stdout.isTTY || asked.follow
    this.#progress = new Progress({
      label: `consuming ${asked.topic}`,
      total: this.#total,
      show: (amount) => amount.toLocaleString('en'),
      ...(quiet && { stream: { isTTY: false, write: () => {} } }),
    })
  }

  async run(): Promise<void> {
    const { kafka, topic, groupId, begin, follow } = this.#asked
    if (!follow && this.#reachedEnd()) return
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: 2000,
      maxWaitTimeInMs,
      allowAutoTopicCreation: false,
    })
    const interrupted = () => this.#finish()
    const watch = setInterval(() => this.#checkSilence(), 500)
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: begin.kind !== 'latest' })
      await this.#consume(consumer)
    } finally {
      this.#over = true
      clearInterval(watch)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      this.#progress.end()
      await consumer.disconnect().catch(() => {})
    }
  }

  #consume(consumer: Consumer): Promise<void> {
    return new Promise((done, failed) => {
      this.#end = (error) => (error === undefined ? done() : failed(error))
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) this.#end(payload.error)
      })
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#joined(consumer, payload.memberAssignment[this.#asked.topic] ?? []))
      consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => this.#take(consumer, payload) }).catch(failed)
    })
  }

  /** Before the first fetch of each generation: begin at the plan, whatever is committed. Other members have the other partitions: their ends are not ours to wait for. */
  #joined(consumer: Consumer, partitions: readonly number[]): void {
    const { topic } = this.#asked
    this.#heardMs = performance.now()
    for (const { partition, from } of this.#stretches.values()) {
      if (partitions.includes(partition)) consumer.seek({ topic, partition, offset: String(from) })
    }
    for (const partition of [...this.#stretches.keys()]) if (!partitions.includes(partition)) this.#stretches.delete(partition)
    if (!this.#asked.follow && this.#reachedEnd()) this.#finish()
  }

  async #take(consumer: Consumer, { batch, resolveOffset, heartbeat, pause }: EachBatchPayload): Promise<void> {
    const { topic, printer, messagesMax, only, commits, follow } = this.#asked
    if (this.#over) return
    if (only !== undefined && batch.partition !== only) {
      pause()
      return
    }
    this.#heardMs = performance.now()
    const stretch = this.#stretches.get(batch.partition)
    for (const message of batch.messages) {
      if (this.#over || (!follow && stretch && Number(message.offset) >= stretch.end)) break
      await printer.print({ ...message, topic, partition: batch.partition, headers: message.headers ?? {} })
      resolveOffset(message.offset)
      if (stretch) stretch.from = Number(message.offset) + 1
      if (++this.#printed >= messagesMax) this.#over = true
      if (this.#printed % 1000 === 0) await heartbeat()
      this.#progress.to(this.#printed)
    }
    const next = stretch?.from
    if (commits && next !== undefined) await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(next) }])
    if (this.#over || (!follow && this.#reachedEnd())) this.#finish()
  }

  #reachedEnd(): boolean {
    return [...this.#stretches.values()].every(({ from, end }) => from >= end)
  }

  #checkSilence(): void {
    if (!this.#asked.follow && performance.now() - this.#heardMs > silenceMsMax + sessionTimeoutMs * (this.#printed === 0 ? 1 : 0)) this.#finish()
  }

  #finish(): void {
    this.#over = true
    this.#end?.()
  }
}
