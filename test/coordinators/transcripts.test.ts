// Group scenarios as text: each file of test/transcripts is played, and what the groups answer must be what the file says.
// UPDATE_TRANSCRIPTS=1 rewrites the files; the diff is the review.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { playConsumer } from './consumer-transcript.ts'
import { playMigration } from './migration-transcript.ts'
import { playStreams } from './streams-transcript.ts'
import { play } from './transcript.ts'

const folder = new URL('../transcripts/', import.meta.url)

const kinds = { classic: play, consumer: playConsumer, migration: playMigration, streams: playStreams }

describe.each(Object.entries(kinds))('transcripts of %s groups', (kind, player) => {
  for (const name of readdirSync(folder).filter((file) => file.startsWith(`${kind}-`) && file.endsWith('.txt'))) {
    test(name, async () => {
      const file = new URL(name, folder)
      const text = readFileSync(file, 'utf8')
      const played = await player(text)
      if (process.env['UPDATE_TRANSCRIPTS'] === '1' && played !== text) writeFileSync(file, played)
      else expect(played).toBe(text)
    })
  }
})
