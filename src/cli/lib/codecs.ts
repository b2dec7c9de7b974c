// snappy, lz4 and zstd for kafkajs, which brings gzip only: our own codecs in the shape that it wants.
import type kafkajs from 'kafkajs'
import { compress, decompress } from '../../../protocol/records/compression.ts'

/** kafkajs's table of codecs is its own global; putting the same functions in twice does no harm. */
export function useOurCodecs({ CompressionCodecs, CompressionTypes }: typeof kafkajs): void {
  for (const codec of [CompressionTypes.Snappy, CompressionTypes.LZ4, CompressionTypes.ZSTD] as const) {
    CompressionCodecs[codec] = () => ({
      compress: async (encoder: { buffer: Buffer }) => compress(codec, encoder.buffer),
      decompress: async (bytes: Buffer) => decompress(codec, bytes),
    })
  }
}
