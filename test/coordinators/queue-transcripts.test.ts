// Queue scenarios as text: each file is played, and what the queue answers must be what the file says.
// UPDATE_TRANSCRIPTS=1 rewrites the files; the diff is the review.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { playQueue } from './queue-transcript.ts'

const folder = new URL('../transcripts/', import.meta.url)

describe('transcripts of queues', () => {
  for (const name of readdirSync(folder).filter((file) => /^queue-.*\.txt$/.test(file))) {
    test(name, async () => {
      const file = new URL(name, folder)
      const text = readFileSync(file, 'utf8')
      const played = await playQueue(text)
      if (process.env['UPDATE_TRANSCRIPTS'] === '1' && played !== text) writeFileSync(file, played)
      else expect(played).toBe(text)
    })
  }
})
