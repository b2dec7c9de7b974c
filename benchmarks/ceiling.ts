// Starts the sink and hands out a connection to it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export const ceilingName = 'TCP sink'

/** Runs `use` against a sink in a process of its own. */
export async function withSink<Result>(mode: 'produce' | 'acks-0' | 'fetch', use: (port: number) => Promise<Result>): Promise<Result> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sink.js'), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return await use(Number(line.toString()))
  } finally {
    child.kill()
  }
}
