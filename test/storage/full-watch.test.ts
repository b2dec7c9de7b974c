// When whoever runs the broker is told that the disk is full, and that it is not any more.
import { expect, test } from 'vitest'
import { FullWatch } from '../../storage/full-watch.ts'
import { StorageFull } from '../../storage/store.ts'

test('a full disk is told of once, and room only when nothing was refused for a while', () => {
  let nowMs = 0
  const told: string[] = []
  const watch = new FullWatch(
    (full) => told.push(`${nowMs} ${full?.message ?? 'room'}`),
    () => nowMs,
  )
  watch.stored()
  watch.refused(new StorageFull('first'))
  // Small writes fit while large ones do not.
  for (nowMs = 1_000; nowMs <= 20_000; nowMs += 1_000) {
    watch.stored()
    watch.refused(new StorageFull('again'))
  }
  for (; nowMs <= 40_000; nowMs += 1_000) watch.stored()
  watch.refused(new StorageFull('later'))
  expect(told).toEqual(['0 first', '30000 room', `${nowMs} later`])
})
