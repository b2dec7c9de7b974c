// The same memory for everybody. What the system has at hand it gives at once; what was free for some seconds a virtual machine's host may have taken back, and touching that
// again costs 1.3 s a GB where it was measured, more than all else on the way to the disk. Who ran right after somebody else's files were removed did not pay it, whoever came
// later did: 600 and 2,050 MB/s for the same synced writes. So the system uses and frees as much as a run is going to write, right before each.
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Knobs } from './scenario.ts'

const writeBytes = 4 * 1024 * 1024
/** Warm-ups write too, and a log is a little larger than what it holds. */
const moreThanARun = 1.2

/** Fills the page cache with a file that nobody syncs, and removes it. */
export async function warmMemory(directory: string, { bytes }: Knobs): Promise<void> {
  const path = join(directory, 'warm')
  const content = Buffer.alloc(writeBytes, 1)
  const file = await open(path, 'w')
  try {
    for (let at = 0; at < bytes * moreThanARun; at += writeBytes) await file.write(content, 0, writeBytes, at)
  } finally {
    await file.close()
    await rm(path)
  }
}
