// The data directory as Kafka's tools see it: this broker has one, whatever it keeps there.
import { statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Settings } from '../../config.ts'

/** The directory's absolute path; `memory` where nothing is kept. */
export function logDir(settings: Settings): string {
  const data = settings.get('data')
  return data === 'memory' ? data : resolve(data)
}

/** Bytes of the file system that the directory is on; -1 where there is none, or it cannot be asked. */
export async function logDirSpace(settings: Settings): Promise<{ totalBytes: number; usableBytes: number }> {
  const unknown = { totalBytes: -1, usableBytes: -1 }
  if (settings.get('data') === 'memory') return unknown
  try {
    const { bsize, blocks, bavail } = await statfs(logDir(settings))
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  } catch {
    return unknown
  }
}
