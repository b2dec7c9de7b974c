// The log: records before pino is loaded and after, levels, errors, and a reader that has gone.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ServiceLogger, writeLine } from '../../src/logger.ts'

let directory = ''
let file = ''
let descriptor = 0
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-log-'))
  file = join(directory, 'log')
  descriptor = openSync(file, 'w')
})
afterEach(() => {
  closeSync(descriptor)
  rmSync(directory, { recursive: true, force: true })
})

const records = (): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

it('keeps order and time of records that came before pino did', async () => {
  let nowMs = 1000
  const logger = new ServiceLogger({ level: 'info', now: () => nowMs, descriptor })
  logger.info('first', { a: 1 })
  logger.debug('not said')
  nowMs = 2000
  logger.error('second', { error: new TypeError('why') })
  expect(records()).toEqual([])
  await logger.start()
  nowMs = 3000
  logger.warn('third')
  expect(records().map(({ level, time, msg }) => [level, time, msg])).toEqual([
    ['info', '1970-01-01T00:00:01.000Z', 'first'],
    ['error', '1970-01-01T00:00:02.000Z', 'second'],
    ['warn', '1970-01-01T00:00:03.000Z', 'third'],
  ])
  expect(records()[1]?.['error']).toMatchObject({ type: 'TypeError', message: 'why', stack: expect.stringContaining('logger.test') })
})

it('changes its level while it runs', async () => {
  const logger = new ServiceLogger({ level: 'warn', now: () => 0, descriptor })
  await logger.start()
  logger.info('quiet')
  logger.level = 'debug'
  logger.debug('loud')
  logger.level = 'silent'
  logger.error('nothing')
  expect(records().map(({ msg }) => msg)).toEqual(['loud'])
})

it('writes what waits when the process ends before pino was loaded', () => {
  const logger = new ServiceLogger({ level: 'info', now: () => 0, descriptor })
  logger.error('failed', { error: new Error('why') })
  logger.flush()
  logger.flush()
  expect(records()).toEqual([{ level: 'error', time: '1970-01-01T00:00:00.000Z', msg: 'failed', error: expect.objectContaining({ message: 'why' }) }])
})

it('does not grow without bound while it waits', async () => {
  const logger = new ServiceLogger({ level: 'info', now: () => 0, descriptor })
  for (let i = 0; i < 5000; i++) logger.info('again')
  await logger.start()
  expect(records()).toHaveLength(1000)
})

it('a descriptor that is closed is no reason to fail', () => {
  const closed = openSync(join(directory, 'other'), 'w')
  closeSync(closed)
  expect(() => writeLine(closed, { msg: 'x' })).not.toThrow()
})
