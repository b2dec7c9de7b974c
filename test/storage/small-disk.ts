// A file system of its own, small enough to be filled: a tmpfs, where the system lets us mount one.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const mounted: string[] = []

/** Its directory, or undefined with the reason printed. */
export function smallDisk(bytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'twinlog-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory], { stdio: 'pipe' })
    mounted.push(directory)
    return directory
  } catch (error) {
    rmSync(directory, { recursive: true })
    console.log(`skipped: no tmpfs can be mounted here (${String(error).split('\n')[0]})`)
    return undefined
  }
}

/** For afterAll. */
export function removeSmallDisks(): void {
  for (const directory of mounted.splice(0)) {
    execFileSync('umount', [directory])
    rmSync(directory, { recursive: true })
  }
}

/** Takes all the room that is left, to the last page. Gives it back when called. */
export function fillDisk(directory: string): () => void {
  const ballast = join(directory, 'ballast')
  for (let full = false; !full; ) {
    try {
      appendFileSync(ballast, Buffer.alloc(4096, 1))
    } catch {
      full = true
    }
  }
  return () => rmSync(ballast)
}
