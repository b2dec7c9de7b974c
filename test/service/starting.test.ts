// What probes see while a broker starts: a store that takes its time is forced, for no real one is slow enough to be asked in between.

import { expect, test, vi } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { createBroker } from '../../src/index.ts'

const gate = vi.hoisted(() => {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
})
vi.mock('../../storage/memory-store.ts', async (load) => {
  const real = await load<typeof import('../../storage/memory-store.ts')>()
  return { openMemoryStore: (...options: Parameters<typeof real.openMemoryStore>) => gate.opened.then(() => real.openMemoryStore(...options)) }
})

test('/livez is 200 and /readyz 503 while the store opens, then both are 200', async () => {
  const port = await reservedPort()
  const starting = createBroker({ admin: { port } })
  const status = (path: string): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/${path}`).then(
      (response) => response.status,
      () => 0,
    )
  await expect.poll(() => status('livez')).toBe(200)
  expect([await status('readyz'), await status('metrics')]).toEqual([503, 503])
  gate.open()
  await using _broker = await starting
  expect([await status('livez'), await status('readyz'), await status('metrics')]).toEqual([200, 200, 200])
})
