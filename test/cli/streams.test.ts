// `twinlog streams` as a person runs it, against the built broker, which verifies the signatures.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { type Ended, endAll, run, startProduct } from '../service/process.ts'

let env: Record<string, string> = {}
beforeAll(async () => {
  const { aws, kafka } = await startProduct(['--memory', '--set', 'aws.credentials=AKIDTEST:geheim', '--set', 'aws.region=eu-north-1']).ready()
  env = {
    AWS_ENDPOINT_URL_KINESIS: aws,
    TWINLOG_BOOTSTRAP: kafka,
    AWS_ACCESS_KEY_ID: 'AKIDTEST',
    AWS_SECRET_ACCESS_KEY: 'geheim',
    AWS_REGION: 'eu-north-1',
  }
})
afterAll(endAll)

const twinlog = (args: string[], more: Record<string, string> = {}): Promise<Ended> => run(args, { env: { ...env, ...more } })

async function json<Shape>(...args: string[]): Promise<Shape> {
  const { code, stdout, stderr } = await twinlog([...args, '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Shape
}

interface Described {
  status: string
  mode: string
  openShards: number
  shards: { shardId: string; parentShardId: string | null; endingSequenceNumber: string | null }[]
}

describe('streams', () => {
  it('are created, listed, described, resharded and deleted', async () => {
    expect(await json('streams', 'create', 'life', 'second', '--shards', '2')).toEqual({ created: ['life', 'second'] })
    await json('streams', 'create', 'demand', '--on-demand')
    const listed = await json<{ name: string; status: string; mode: string; created: string }[]>('streams', 'list')
    expect(listed.map(({ name, status, mode }) => [name, status, mode])).toEqual([
      ['demand', 'ACTIVE', 'ON_DEMAND'],
      ['life', 'ACTIVE', 'PROVISIONED'],
      ['second', 'ACTIVE', 'PROVISIONED'],
    ])
    expect(Math.abs(Date.now() - Date.parse(listed[0]!.created))).toBeLessThan(60_000)
    expect(await json('streams', 'reshard', 'life', '--shards', '4')).toEqual({ stream: 'life', shards: 4 })
    const [life] = await json<Described[]>('streams', 'describe', 'life')
    expect(life).toMatchObject({ status: 'ACTIVE', openShards: 4, arn: 'arn:aws:kinesis:eu-north-1:000000000000:stream/life' })
    const open = life!.shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === null)
    expect(life!.shards.length - open.length).toBe(2)
    expect(new Set(open.map(({ parentShardId }) => parentShardId))).toEqual(new Set(['shardId-000000000000', 'shardId-000000000001']))
    const topics = await json<{ name: string; partitions: number }[]>('topics', 'list')
    expect(topics).toContainEqual({ name: 'life', partitions: 4, offsets: 0 })
    expect(await json('streams', 'delete', 'life', 'second', 'demand')).toEqual({ deleted: ['life', 'second', 'demand'] })
    expect((await twinlog(['streams', 'list'])).stdout).toBe('There are no streams.\n')
  })

  it('are shown to a person as tables, shards with their parents', async () => {
    await json('streams', 'create', 'seen')
    await json('streams', 'reshard', 'seen', '--shards', '2')
    expect((await twinlog(['streams', 'list'])).stdout).toMatch(/^STREAM +STATUS +MODE +CREATED\nseen +ACTIVE +PROVISIONED +\d{4}-.*Z\n$/)
    const { stdout } = await twinlog(['streams', 'describe', 'seen'])
    expect(stdout).toMatch(/shardId-000000000000 +closed +- +0 /)
    expect(stdout).toMatch(new RegExp(`shardId-000000000002 +open +shardId-000000000000 +${2n ** 127n} +${2n ** 128n - 1n}`))
  })

  it('beyond one page are all listed and described', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `many-${String(i).padStart(3, '0')}`)
    await json('streams', 'create', ...names)
    const listed = await json<{ name: string }[]>('streams', 'list')
    expect(listed.map(({ name }) => name).filter((name) => name.startsWith('many-'))).toEqual(names)
    await json('streams', 'create', 'wide', '--shards', '1100')
    expect((await json<Described[]>('streams', 'describe', 'wide'))[0]?.shards).toHaveLength(1100)
  })
})

describe('what goes wrong', () => {
  it('is told in AWS’s words, with code 1', async () => {
    const none = await twinlog(['streams', 'describe', 'nowhere'])
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(none.stderr).toBe('twinlog: Stream nowhere under account 000000000000 not found. (ResourceNotFoundException)\n')
    await json('streams', 'create', 'once')
    expect((await twinlog(['streams', 'create', 'once'])).stderr).toContain('(ResourceInUseException)')
    const forged = await twinlog(['streams', 'list'], { AWS_SECRET_ACCESS_KEY: 'other' })
    expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('(InvalidSignatureException)')])
  })

  it('in the command itself ends with code 2', async () => {
    const ends = await Promise.all([
      twinlog(['streams', 'create', 'x', '--shards', '2', '--on-demand']),
      twinlog(['streams', 'create', 'x', '--shards', 'two']),
      twinlog(['streams', 'reshard', 'x']),
      twinlog(['streams', 'list', '--endpoint', '127.0.0.1:4567']),
      twinlog(['streams', 'remove', 'x']),
    ])
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2])
    expect(ends[3]?.stderr).toContain('is not a URL such as http://127.0.0.1:4567')
  })

  it('where nobody listens, or somebody else does, is told with the endpoint', async () => {
    const other = createServer((_request, response) => response.writeHead(404).end('<html>')).listen(0, '127.0.0.1')
    await new Promise((listening) => other.once('listening', listening))
    const { port } = other.address() as AddressInfo
    const foreign = await twinlog(['streams', 'list', '-e', `http://127.0.0.1:${port}`])
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('does not speak Kinesis (HTTP 404)')])
    await new Promise((closed) => other.close(closed))
    const nobody = await twinlog(['streams', 'list', '-e', `http://127.0.0.1:${await reservedPort()}`])
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('is the broker running? --endpoint URL names another')])
  })
})
