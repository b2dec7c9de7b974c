// A port for a server that comes back under its address. Not one that the system gave: it gives those that were let go of to whoever asks next, in any process.
import { createServer } from 'node:net'

/** Below the ports that systems give to those who ask for any, and above those that services are known by. */
const [lowest, count] = [12_000, 18_000]

/** A port that nobody listens on, and that nobody gets without naming it. */
export async function reservedPort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * count)
    const probe = createServer()
    const isFree = await new Promise<boolean>((told) => {
      probe.once('error', () => told(false))
      probe.listen(port, '127.0.0.1', () => told(true))
    })
    if (!isFree) continue
    await new Promise((closed) => probe.close(closed))
    return port
  }
}
