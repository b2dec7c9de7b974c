// What a producer's batches must be before they are appended, and what the topic's configs make of them: log append time, the
// topic's compression. The rules of the format are protocol/records/validate.ts's.
import { batchHeaderBytes, codecOf, isTransactional, lastOffsetDeltaOf, maxTimestampOf, sealBatch } from '../../protocol/records/batch.ts'
import { codecNames, decompress } from '../../protocol/records/compression.ts'
import { type RecordsRefusalReason, RecordsRefused } from '../../protocol/records/refusal.ts'
import { repacked } from '../../protocol/records/repack.ts'
import { nextBatch, restampTimestamps } from '../../protocol/records/run.ts'
import { validateBatches } from '../../protocol/records/validate.ts'
import { EngineError, type EngineErrorCode } from './errors.ts'
import type { CheckedBatches } from './partition.ts'
import type { ActingConfig } from './topic-configs.ts'
import { producerFactsOf } from './writer-state.ts'

/** How an append is to be looked at. */
export interface CheckOptions {
  /** The batches were made by this process: neither their records nor their sizes need a check. */
  trusted?: boolean
  /** False for a client that cannot have meant zstd (Produce before 7). */
  zstdAllowed?: boolean
  /** Batches for the one partition: 1, unless an old message set was converted. */
  batchCountMax?: number
  /** The caller writes other things to the batches' memory once the append has settled. */
  reusable?: boolean
  /** What the records of the one compressed batch decompress to, where that was done beforehand (unpacking.ts). */
  unpacked?: Buffer
}

const reasons: Record<RecordsRefusalReason, EngineErrorCode> = {
  'corrupt-message': 'message-corrupt',
  'invalid-record': 'record-invalid',
  'invalid-timestamp': 'timestamp-invalid',
  'message-too-large': 'message-too-large',
  'unsupported-compression-type': 'codec-unsupported',
  'unsupported-for-message-format': 'record-invalid',
}

/** Checks, stamps the time and recompresses as the topic's configs say. Throws EngineError. May write into `bytes`. */
export function checkBatches(bytes: Buffer, config: ActingConfig, nowMs: number, options: CheckOptions): CheckedBatches {
  try {
    const checked = options.trusted ? measureTrusted(bytes, config, nowMs) : checkUntrusted(bytes, config, nowMs, options)
    return recompressed(checked, config)
  } catch (refused) {
    if (!(refused instanceof RecordsRefused)) throw refused
    throw new EngineError(reasons[refused.reason], refused.message, refused.recordFaults)
  }
}

function checkUntrusted(bytes: Buffer, config: ActingConfig, nowMs: number, options: CheckOptions): CheckedBatches {
  const logAppend = config.timestampType === 'LogAppendTime'
  const summary = validateBatches(bytes, {
    batchBytesMax: config.maxMessageBytes,
    timestampType: logAppend ? 'log-append' : 'create',
    nowMs,
    timestampBeforeMaxMs: config.timestampBeforeMaxMs,
    timestampAfterMaxMs: config.timestampAfterMaxMs,
    compacted: config.cleanupPolicy.compact,
    zstdAllowed: options.zstdAllowed ?? true,
    batchCountMax: options.batchCountMax ?? 1,
    decompressedBytesMax: config.maxDecompressedMessageBytes,
    ...(options.unpacked ? { unpacked: options.unpacked } : {}),
  })
  const run = summary.end === bytes.length ? bytes : bytes.subarray(0, summary.end)
  return {
    bytes: run,
    offsetCount: summary.offsetCount,
    maxTimestampMs: summary.maxTimestampMs,
    producer: producerFactsOf(run),
    transactional: isTransactional(run),
    logAppendTimeMs: logAppend ? nowMs : -1,
  }
}

function measureTrusted(bytes: Buffer, config: ActingConfig, nowMs: number): CheckedBatches {
  const logAppend = config.timestampType === 'LogAppendTime'
  if (logAppend) restampTimestamps(bytes, nowMs)
  let offsetCount = 0
  let maxTimestampMs = -1
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
    offsetCount += lastOffsetDeltaOf(bytes, at) + 1
    maxTimestampMs = Math.max(maxTimestampMs, maxTimestampOf(bytes, at))
  }
  return {
    bytes,
    offsetCount,
    maxTimestampMs,
    producer: producerFactsOf(bytes),
    transactional: isTransactional(bytes),
    logAppendTimeMs: logAppend ? nowMs : -1,
  }
}

/** A topic with a compression of its own stores every batch that way, whatever the producer chose. */
function recompressed(checked: CheckedBatches, config: ActingConfig): CheckedBatches {
  if (config.compressionType === 'producer') return checked
  const name = config.compressionType === 'uncompressed' ? 'none' : config.compressionType
  const codec = codecNames.indexOf(name)
  const level = { none: -1, gzip: config.gzipLevel, snappy: -1, lz4: config.lz4Level, zstd: config.zstdLevel }[name]
  const parts: Buffer[] = []
  const { bytes } = checked
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
    if (codecOf(bytes, at) === codec) parts.push(bytes.subarray(at, next))
    else parts.push(withCodec(bytes, at, next, codec, level, config.maxDecompressedMessageBytes))
  }
  return { ...checked, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) }
}

function withCodec(bytes: Buffer, at: number, end: number, codec: number, level: number, bytesMax: number): Buffer {
  const plain = decompress(codecOf(bytes, at), bytes.subarray(at + batchHeaderBytes, end), bytesMax)
  const batch = repacked(bytes, at, plain, codec, level === -1 ? {} : { level })
  sealBatch(batch)
  return batch
}
