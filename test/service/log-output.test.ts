// The log where nobody reads it: a full pipe stops neither the broker nor its end, and says afterwards what was lost.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { logOutput } from '../../src/log-output.ts'
import { endAll, freePorts, Product } from './process.ts'

const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants
let directory = ''
let path = ''
let reader = 0
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-pipe-'))
  path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  reader = openSync(path, O_RDONLY | O_NONBLOCK)
})
afterEach(async () => {
  await endAll()
  if (reader >= 0) closeSync(reader)
  rmSync(directory, { recursive: true, force: true })
})

/** Everything that is in the pipe by now. */
function readPipe(): string {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    try {
      const count = readSync(reader, chunk)
      if (count === 0) break
      chunks.push(chunk.subarray(0, count))
    } catch {
      break
    }
  }
  return Buffer.concat(chunks).toString()
}

it('lines wait for a reader up to a limit, in order; what is beyond it is counted, and said when it reads again', async () => {
  const writer = openSync(path, O_WRONLY)
  const output = logOutput(writer, (count) => `lost ${count}\n`)
  const line = (n: number): string => `${String(n).padStart(6, '0')} ${'x'.repeat(992)}\n`
  for (let n = 0; n < 2000; n++) output.write(line(n))
  let text = ''
  await expect.poll(() => (text += readPipe())).toMatch(/lost \d+\n$/)
  output.write(line(2000))
  await expect.poll(() => (text += readPipe())).toMatch(/002000 x+\n$/)
  const lines = text.trimEnd().split('\n')
  const lost = Number(/^lost (\d+)$/.exec(lines.at(-2)!)![1])
  expect(lost).toBeGreaterThan(1000)
  expect(lines.slice(0, -2).map((one) => Number(one.slice(0, 6)))).toEqual(Array.from({ length: 2000 - lost }, (_, n) => n))
  closeSync(writer)
})

it('a reader that has gone is no reason to fail, and the descriptor stays what it was', async () => {
  const writer = openSync(path, O_WRONLY)
  const output = logOutput(writer, () => '')
  closeSync(reader)
  reader = -1
  for (let n = 0; n < 10; n++) {
    output.write('nobody reads this\n')
    await new Promise((turn) => setImmediate(turn))
  }
  expect(() => closeSync(writer)).not.toThrow()
})

it('a broker whose log nobody reads serves, and stops in order', async () => {
  const full = openSync(path, O_RDWR | O_NONBLOCK)
  expect(() => {
    for (;;) writeSync(full, Buffer.alloc(4096, '-'))
  }).toThrow('EAGAIN')
  const writer = openSync(path, O_WRONLY)
  const product = new Product([...freePorts, '--memory', '--set', 'log.level=debug'], { stderr: writer })
  const { aws, admin } = await product.ready()
  // Each of them is logged.
  for (let n = 0; n < 20; n++) {
    const socket = connect(Number(new URL(aws).port), '127.0.0.1').resume()
    socket.write('this is not HTTP\r\n\r\n')
    await new Promise((closed) => socket.on('error', () => {}).on('close', closed))
  }
  expect((await fetch(`${admin}/livez`)).status).toBe(200)
  product.signal('SIGTERM')
  expect(await product.ended).toMatchObject({ code: 0 })
  expect(readPipe()).toMatch(/^-+$/)
  closeSync(full)
  closeSync(writer)
})
