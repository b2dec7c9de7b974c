// The four codecs of record batches, both ways, with a bound on what comes out. Each library is loaded when its codec is first used, because start-up time counts.
// Which framing Kafka's clients expect of each codec is in snappy-frame.ts, lz4-frame.ts and zstd-frame.ts, with the sizes that a frame can grow to.

import { createRequire } from 'node:module'
import { codecGzip, codecLz4, codecNone, codecSnappy, codecZstd } from './batch.ts'
import { type Lz4Blocks, packLz4, unpackLz4 } from './lz4-frame.ts'
import { corrupt, RecordsRefused } from './refusal.ts'
import { packXerial, type SnappyBlocks, unpackSnappy } from './snappy-frame.ts'
import { zstdBytesBound } from './zstd-frame.ts'

/** Names as Kafka's `compression.type` spells them, by codec number. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** How large the records of one batch may become when nothing else is said: a hundred times the default `message.max.bytes`. */
export const decompressedBytesMaxDefault = 128 * 1024 * 1024

/** The level of gzip and zstd; Kafka's defaults are the libraries' own (gzip 6, zstd 3). */
export interface CompressionOptions {
  readonly level?: number
}

/** Compresses. The result may share nothing with `bytes`, except for codec 0, which gives `bytes` back. */
export function compress(codec: number, bytes: Buffer, options: CompressionOptions = {}): Buffer {
  switch (codec) {
    case codecNone:
      return bytes
    case codecGzip:
      return zlib().gzipSync(bytes, options.level === undefined ? {} : { level: options.level })
    case codecSnappy:
      return packXerial(bytes, snappy())
    case codecLz4:
      return packLz4(bytes, lz4())
    case codecZstd:
      return compressZstd(bytes, options.level ?? 3)
    default:
      throw unknownCodec(codec)
  }
}

/**
 * Decompresses. Output beyond `bytesMax` is refused as 'message-too-large' before its memory is taken; senseless input as 'corrupt-message'.
 * Codec 0 gives `bytes` back.
 */
export function decompress(codec: number, bytes: Buffer, bytesMax: number = decompressedBytesMaxDefault): Buffer {
  if (codec === codecNone) return bytes
  if (codec < codecNone || codec > codecZstd) throw unknownCodec(codec)
  try {
    return decompressors[codec]!(bytes, bytesMax)
  } catch (error) {
    if (error instanceof RecordsRefused) throw error
    // zlib's own bound, reached while it was inflating: it stops there.
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax)
    throw corrupt(`The ${codecNames[codec]} data of a record batch cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * The same on a thread of the process's pool, for the codecs that take longer than the way there: gzip and zstd; null for others. Rejects where `decompress` would throw, and
 * says no reason that a client should read: whoever wants one calls `decompress`. `bytes` must not change until then.
 */
export function decompressApart(codec: number, bytes: Buffer, bytesMax: number): (() => Promise<Buffer>) | null {
  if (codec === codecGzip) return () => inflated(zlib().gunzip, bytes, bytesMax)
  if (codec !== codecZstd) return null
  const { zstdDecompress } = zlib()
  if (zstdDecompress) return () => inflated(zstdDecompress, bytes, bytesMax)
  return async () => {
    if (zstdBytesBound(bytes) > bytesMax) throw tooLarge(bytesMax)
    return zstd().decoder.decode(bytes)
  }
}

const inflated = (inflate: Inflate, bytes: Buffer, bytesMax: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    inflate(bytes, { maxOutputLength: bytesMax, chunkSize: inflateChunkBytes(bytes.length) }, (error, plain) =>
      error ? reject(error) : resolve(plain),
    )
  })

const decompressors: readonly ((bytes: Buffer, bytesMax: number) => Buffer)[] = [
  (bytes) => bytes,
  (bytes, bytesMax) => zlib().gunzipSync(bytes, { maxOutputLength: bytesMax, chunkSize: inflateChunkBytes(bytes.length) }),
  (bytes, bytesMax) => unpackSnappy(bytes, bytesMax, snappy()),
  (bytes, bytesMax) => unpackLz4(bytes, bytesMax, lz4()),
  (bytes, bytesMax) => {
    if (zlib().zstdDecompressSync) return zlib().zstdDecompressSync!(bytes, { maxOutputLength: bytesMax, chunkSize: inflateChunkBytes(bytes.length) })
    if (zstdBytesBound(bytes) > bytesMax) throw tooLarge(bytesMax)
    return zstd().decoder.decodeSync(bytes)
  },
]

/** zlib collects its output in chunks of this size: few for large batches, and no megabyte for a small one. */
const inflateChunkBytes = (inputBytes: number): number => Math.min(Math.max(inputBytes * 4, 4096), 1024 * 1024)

function compressZstd(bytes: Buffer, level: number): Buffer {
  const builtIn = zlib()
  if (builtIn.zstdCompressSync) {
    const parameter = builtIn.constants.ZSTD_c_compressionLevel
    return builtIn.zstdCompressSync(bytes, parameter === undefined ? {} : { params: { [parameter]: level } })
  }
  const { encoders, Encoder } = zstd()
  const encoder = encoders.get(level) ?? new Encoder(level)
  encoders.set(level, encoder)
  return encoder.encodeSync(bytes)
}

const unknownCodec = (codec: number): RecordsRefused => corrupt(`The compression codec ${codec} is unknown; 0 to ${codecZstd} exist`)
const tooLarge = (bytesMax: number): RecordsRefused =>
  new RecordsRefused('message-too-large', `The records of a batch take more than ${bytesMax} bytes when they are decompressed`)

// The libraries, by what is used of them. Loaded synchronously: a caller in the middle of a produce request cannot wait.

interface ZlibOptions {
  readonly level?: number
  readonly maxOutputLength?: number
  readonly chunkSize?: number
  readonly params?: Record<number, number>
}
type Inflate = (bytes: Buffer, options: ZlibOptions, done: (error: Error | null, plain: Buffer) => void) => void
interface Zlib {
  gzipSync(bytes: Buffer, options?: ZlibOptions): Buffer
  gunzipSync(bytes: Buffer, options?: ZlibOptions): Buffer
  readonly gunzip: Inflate
  /** Since Node 22.15. */
  zstdCompressSync?(bytes: Buffer, options?: ZlibOptions): Buffer
  zstdDecompressSync?(bytes: Buffer, options?: ZlibOptions): Buffer
  readonly zstdDecompress?: Inflate
  readonly constants: { readonly ZSTD_c_compressionLevel?: number }
}
interface ZstdEncoder {
  encodeSync(bytes: Buffer): Buffer
}
interface ZstdPackage {
  readonly Encoder: new (level: number) => ZstdEncoder
  readonly Decoder: new () => { decodeSync(bytes: Buffer): Buffer; decode(bytes: Buffer): Promise<Buffer> }
}

const require = createRequire(import.meta.url)
const lazily = <T>(load: () => T): (() => T) => {
  let loaded: T | undefined
  return () => (loaded ??= load())
}
const zlib = lazily(() => require('node:zlib') as Zlib)
const snappy = lazily(() => require('snappy') as SnappyBlocks)
const lz4 = lazily(() => require('lz4-napi') as Lz4Blocks)
const zstd = lazily(() => {
  const { Encoder, Decoder } = require('@toondepauw/node-zstd') as ZstdPackage
  return { Encoder, decoder: new Decoder(), encoders: new Map<number, ZstdEncoder>() }
})
