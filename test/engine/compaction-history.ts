// Histories of a compacted partition as text, for comparing what two brokers keep: one step a line, and what was left behind `=`.
//
//   configs cleanup.policy=compact       of the topic
//   start -3600000                       the time of the first records, from now
//   put a=1 -b =x                        a batch: a key with a value, a tombstone, a record without a key
//   put (gzip) @p a=1                    compressed; by an idempotent producer, or by a transactional one (%p)
//   commit p / abort p                   ends its transaction
//   roll / later 3500000                 the next records are 10 s later, which opens a segment, or so many milliseconds
//   refused =x                           a batch that is not taken
//   compact                              compaction has done what there is to do
//   = 0-2 c@2=1                          a batch that is left: its offsets, what else it is, its records with their offsets
import { readFileSync } from 'node:fs'
import {
  baseSequenceOf,
  batchBytesOf,
  codecOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetOf,
  producerIdOf,
} from '../../protocol/records/batch.ts'
import { codecNames } from '../../protocol/records/compression.ts'
import { readControl } from '../../protocol/records/control.ts'
import { decodeBatch } from '../../protocol/records/record.ts'
import { forEachBatch } from '../../protocol/records/run.ts'

export interface History {
  name: string
  lines: string[]
}

export interface PutStep {
  records: { key: string | null; value: string | null }[]
  codec: number
  /** Its name, with the kind in front: @ or %; null for none. */
  producer: string | null
}

/** What a broker does with a history's steps. */
export interface Steps {
  create(configs: Record<string, string>): Promise<void>
  /** False where the broker refuses the batch. */
  put(step: PutStep, timestampMs: number): Promise<boolean>
  end(producer: string, committed: boolean): Promise<void>
  compact(): Promise<void>
  /** Every batch that is stored, one after the other. */
  read(): Promise<Buffer>
  now(): number
}

/** Every segment is opened by `roll`, and every one but the last is compacted. */
const usual = { 'cleanup.policy': 'compact', 'segment.ms': '5000', 'min.cleanable.dirty.ratio': '0.0001', 'delete.retention.ms': '600000' }

export function readHistories(file: string): History[] {
  return readFileSync(file, 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [name = '', ...lines] = text.trim().split('\n')
      return { name, lines: lines.map((line) => line.trim()).filter((line) => line !== '') }
    })
}

/** The history's lines, with what this broker keeps behind each `compact`. */
export async function play({ lines }: History, steps: Steps): Promise<string[]> {
  const out: string[] = []
  let timeMs = steps.now()
  let created = false
  for (const line of lines) {
    if (line.startsWith('=')) continue
    out.push(line)
    const [verb = '', ...words] = line.split(' ')
    if (verb === 'start') timeMs += Number(words[0])
    if (!created && verb !== 'start') {
      created = true
      await steps.create({ ...usual, ...(verb === 'configs' ? pairs(words) : {}) })
    }
    if (verb === 'put' && !(await steps.put(putStep(words), timeMs))) throw new Error(`refused: ${line}`)
    if (verb === 'refused' && (await steps.put(putStep(words), timeMs))) throw new Error(`taken: ${line}`)
    if (verb === 'commit' || verb === 'abort') await steps.end(`%${words[0]}`, verb === 'commit')
    if (verb === 'roll') timeMs += 10_000
    if (verb === 'later') timeMs += Number(words[0])
    if (verb !== 'compact') continue
    await steps.compact()
    out.push(...told(await steps.read()))
  }
  return out
}

const pairs = (words: readonly string[]): Record<string, string> => Object.fromEntries(words.map((word) => word.split('=')))

function putStep(words: readonly string[]): PutStep {
  const step: PutStep = { records: [], codec: 0, producer: null }
  for (const word of words) {
    if (word.startsWith('(')) step.codec = codecNames.indexOf(word.slice(1, -1) as (typeof codecNames)[number])
    else if (/^[@%]/.test(word)) step.producer = word
    else if (word.startsWith('-')) step.records.push({ key: word.slice(1), value: null })
    else {
      const [key = '', value = ''] = word.split('=')
      step.records.push({ key: key === '' ? null : key, value })
    }
  }
  return step
}

/** Batches in words. */
function told(bytes: Buffer): string[] {
  const lines: string[] = []
  forEachBatch(bytes, (at) => {
    const batch = bytes.subarray(at, at + batchBytesOf(bytes, at))
    const { baseOffset, records } = decodeBatch(batch)
    const words = [`= ${baseOffset}-${lastOffsetOf(batch)}`]
    if (codecOf(batch) !== 0) words.push(`(${codecNames[codecOf(batch)]})`)
    if (hasDeleteHorizon(batch)) words.push('horizon')
    if (isTransactional(batch)) words.push('transactional')
    if (producerIdOf(batch) >= 0 && !isControl(batch)) words.push(`sequence=${baseSequenceOf(batch)}`)
    if (isControl(batch)) words.push(readControl(batch)?.committed ? 'commit' : 'abort')
    else for (const { offset, key, value } of records) words.push(`${key ?? ''}@${offset}${value === null ? ' deleted' : `=${value}`}`)
    lines.push(words.join(' '))
  })
  return lines
}
