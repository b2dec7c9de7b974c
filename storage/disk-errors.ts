// What an error of LMDB or the file system means for the store: no room, or broken for good.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StorageFull, StoreFailed } from './store.ts'

const EIO = 5
/** ENOSPC, EDQUOT (Linux, macOS), EFBIG (a limit on the file's size) and LMDB's own full map. */
const noRoom: ReadonlySet<number> = new Set([28, 122, 69, 27, -30792])

const probeBytesMax = 16 * 1024 * 1024

/** The number that LMDB or the system gave, by way of lmdb-js, which puts the reason of a failed asynchronous commit into a promise. */
async function reasonOf(error: unknown): Promise<{ code: number | undefined; text: string }> {
  const { commitError } = error as { commitError?: Promise<unknown> }
  const cause = commitError
    ? await commitError.then(
        () => error,
        (inner: unknown) => inner,
      )
    : error
  const { code, message } = cause as { code?: unknown; message?: string }
  return { code: typeof code === 'number' ? code : undefined, text: message ?? String(cause) }
}

/** StorageFull where room was all that was missing, StoreFailed for everything else. */
export async function commitFailure(error: unknown, directory: string, bytes: number): Promise<StorageFull | StoreFailed> {
  const { code, text } = await reasonOf(error)
  // LMDB reports a write that came back short as EIO. Where a file of that size does not fit beside it, it was short of room.
  const full = code !== undefined && (noRoom.has(code) || (code === EIO && !hasRoom(directory, bytes)))
  if (full) return new StorageFull(`no room to write ${bytes} bytes in ${directory}: ${text}`, { cause: error })
  return new StoreFailed(`a commit to ${directory} failed: ${text}`, { cause: error })
}

function hasRoom(directory: string, bytes: number): boolean {
  const path = join(directory, 'room.probe')
  try {
    const descriptor = openSync(path, 'w', 0o600)
    try {
      const probe = Buffer.alloc(Math.min(bytes + 65_536, probeBytesMax), 1)
      return writeSync(descriptor, probe) === probe.length
    } finally {
      closeSync(descriptor)
      rmSync(path, { force: true })
    }
  } catch {
    return false
  }
}
