// What every commit of LMDB does for the journal on its way: it says which entries are void, and deletes some of them.
import type { Journal } from './journal.ts'
import { type JournalFile, type JournalMark, packMark } from './journal-file.ts'
import { journalKey, journalMarkKey } from './keys.ts'

/** How many entries of the journal one commit deletes. */
const spentEntriesMax = 64

export interface Upkeep {
  readonly mark: JournalMark | null
  readonly spentCount: number
}

/**
 * Which entries are void is said as soon as there is a commit to say it: a partition that it drops must not come back from one of them. `mark` where it has more to
 * say than that.
 */
export function keepJournal(
  { journal, file }: { journal: Journal; file: JournalFile | null },
  mark: JournalMark | null,
  change: (key: Buffer, value: Buffer | null) => void,
): Upkeep {
  const said = mark ?? (file && journal.floor > file.floor ? file.mark(journal.floor) : null)
  if (said) change(journalMarkKey, packMark(said))
  const spent = journal.spentSequences(spentEntriesMax)
  for (const sequence of spent) change(journalKey(sequence), null)
  return { mark: said, spentCount: spent.length }
}

/** That commit is durable. */
export function journalKept({ journal, file }: { journal: Journal; file: JournalFile | null }, { mark, spentCount }: Upkeep): void {
  journal.deleted(spentCount)
  if (mark) file?.recorded(mark.floor)
}
