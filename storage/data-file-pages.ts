// Whether a file of LMDB holds all the pages that its trees lead to. LMDB maps the file and trusts it: where it was cut short (a copy that was interrupted, a disk that was
// full) the system ends the process at the first touch of what is missing. A file may rightly end before the last page that it counts, where nothing is in the last ones.
// Layouts are those of LMDB 1.0 as lmdb-js has it (mdb.c: MDB_page_header, MDB_node, MDB_ovpage, MDB_meta), on machines that are little-endian.
import { readSync } from 'node:fs'

/** In a meta page. */
const rootsAt = [88, 136] as const
const lastPageAt = 144
const transactionAt = 152
export const metaBytes = 160

/** In any other page. */
const pageHeaderBytes = 24
const flagsAt = 18
const lowerAt = 20
const branchFlag = 0x01
const leafFlag = 0x02

/** In a node of a page. */
const nodeHeaderBytes = 8
const nodeFlagsAt = 4
const keyBytesAt = 6
const largeFlag = 0x01
const overflowPagesAt = 16

const noPage = 2n ** 64n - 1n

/** `metas`: the first bytes of the first two pages. */
export function hasAllPages(descriptor: number, fileBytes: number, pageBytes: number, metas: readonly [Buffer, Buffer]): boolean {
  const [one, other] = metas
  const meta = one.readBigUInt64LE(transactionAt) > other.readBigUInt64LE(transactionAt) ? one : other
  const endOf = (page: bigint, count = 1n): bigint => (page + count) * BigInt(pageBytes)
  const lastPage = meta.readBigUInt64LE(lastPageAt)
  if (endOf(lastPage) <= BigInt(fileBytes)) return true

  const page = Buffer.alloc(pageBytes)
  const waiting = rootsAt.map((at) => meta.readBigUInt64LE(at)).filter((root) => root !== noPage)
  // More pages than there are: the trees lead in circles.
  for (let left = lastPage; waiting.length > 0; left--) {
    const number = waiting.pop()!
    if (left < 0n || endOf(number) > BigInt(fileBytes)) return false
    readSync(descriptor, page, 0, pageBytes, Number(number) * pageBytes)
    const flags = page.readUInt16LE(flagsAt)
    if ((flags & (branchFlag | leafFlag)) === 0) return false
    const nodesEnd = pageHeaderBytes + page.readUInt16LE(lowerAt)
    for (let at = pageHeaderBytes; at < nodesEnd; at += 2) {
      const node = pageHeaderBytes + page.readUInt16LE(at)
      if (flags & branchFlag) waiting.push(BigInt(page.readUIntLE(node, 6)))
      else if (page.readUInt16LE(node + nodeFlagsAt) & largeFlag) {
        const value = node + nodeHeaderBytes + page.readUInt16LE(node + keyBytesAt)
        if (endOf(page.readBigUInt64LE(value), page.readBigUInt64LE(value + overflowPagesAt)) > BigInt(fileBytes)) return false
      }
    }
  }
  return true
}
