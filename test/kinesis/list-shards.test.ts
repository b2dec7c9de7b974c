// ListShards page by page: with every filter, the pages together give what one page gives, by index.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
const StreamName = 'pages'

beforeAll(async () => {
  door = await openDoor()
  await call(door.url, 'CreateStream', { StreamName, ShardCount: 3 })
  // The children of the first shard come last by index and first by hash key: the two orders differ.
  await call(door.url, 'SplitShard', { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '1000' })
})
afterAll(() => door.close())

interface Listed {
  Shards: { ShardId: string }[]
  NextToken?: string
}

async function list(input: object): Promise<Listed> {
  const { status, body } = await call(door.url, 'ListShards', input)
  expect(status, JSON.stringify(body)).toBe(200)
  return body as unknown as Listed
}

const indices = ({ Shards }: Listed): number[] => Shards.map(({ ShardId }) => Number(ShardId.slice(8)))

test.each([
  [undefined, [0, 1, 2, 3, 4]],
  [{ Type: 'AT_LATEST' }, [1, 2, 3, 4]],
  [{ Type: 'FROM_TRIM_HORIZON' }, [0, 1, 2, 3, 4]],
  [{ Type: 'AT_TRIM_HORIZON' }, [0, 1, 2]],
  [{ Type: 'FROM_TIMESTAMP', Timestamp: 1 }, [0, 1, 2, 3, 4]],
  [{ Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000001' }, [2, 3, 4]],
])('pages of one shard with the filter %j give every shard once', async (ShardFilter, expected) => {
  expect(indices(await list({ StreamName, ShardFilter }))).toEqual(expected)
  let page = await list({ StreamName, ShardFilter, MaxResults: 1 })
  const found = indices(page)
  while (page.NextToken !== undefined) {
    page = await list({ NextToken: page.NextToken, MaxResults: 1 })
    found.push(...indices(page))
  }
  expect(found).toEqual(expected)
})
