// What every kind of transcript has in common: commands (lines with `>`) are played one after the other, comments and empty lines stay, and everything else is
// written anew. What a command means is its player's.
import type { FakeStore } from './world.ts'

export interface TranscriptPlayer {
  start?(): Promise<void>
  /** One command; what came out of it. */
  run(line: string): Promise<string[]>
  close(): void
}

/** The transcript with its answers as the player's code gives them. */
export async function playWith(player: TranscriptPlayer, text: string): Promise<string> {
  const out: string[] = []
  await player.start?.()
  for (const line of text.split('\n')) {
    if (line.startsWith('>')) out.push(line, ...(await player.run(line.slice(1).trim())))
    else if (/^(#|$)/.test(line)) out.push(line)
  }
  player.close()
  return out.join('\n')
}

/** A command, its words with `=`, and those without. */
export function commandOf(line: string): { command: string; plain: string[]; words: Map<string, string> } {
  const [command = '', ...rest] = line.split(/\s+/)
  const words = new Map(
    rest.filter((word) => word.includes('=')).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
  return { command, plain: rest.filter((word) => !word.includes('=')), words }
}

/** A line that counts the rows stored, by table; none where nothing was. */
export function rowsWritten(store: Pick<FakeStore, 'written'>): string[] {
  const written = new Map<string, number>()
  for (const name of store.written) written.set(name, (written.get(name) ?? 0) + 1)
  return written.size > 0 ? [`= ${[...written].map(([name, count]) => `${name} x${count}`).join(', ')}`] : []
}
