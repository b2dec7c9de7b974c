// Streams whose key cannot be used: AWS's exceptions where records are put and read, and nothing stored meanwhile.
import { afterEach, expect, test } from 'vitest'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
afterEach(() => door.close())
const type = async (operation: string, input: object): Promise<unknown> => (await call(door.url, operation, input)).body['__type']
const StreamName = 's'
const encrypted = (KeyId: string) => ({ StreamName, EncryptionType: 'KMS', KeyId })
const setKeys = (keys: string): void => door.engine.settings.set('kinesis.kms.keys', keys)

test.each([
  ['disabled', 'KMSDisabledException'],
  ['pending-deletion', 'KMSInvalidStateException'],
  ['denied', 'KMSAccessDeniedException'],
  ['missing', 'KMSNotFoundException'],
  ['opt-in', 'KMSOptInRequired'],
  ['throttled', 'KMSThrottlingException'],
])('a key that is %s is refused with %s', async (state, exception) => {
  door = await openDoor({ settings: { 'kinesis.kms.keys': `alias/other=denied, alias/mine=${state}` } })
  await call(door.url, 'CreateStream', { StreamName, ShardCount: 1 })
  expect(await type('StartStreamEncryption', encrypted('alias/mine'))).toBe(exception)
  expect(await type('StartStreamEncryption', encrypted('alias/good'))).toBeUndefined()
  expect(await type('PutRecord', { StreamName, PartitionKey: 'k', Data: '' })).toBeUndefined()
})

test('a key that becomes unusable stops puts, reads and subscriptions, until it is usable again', async () => {
  door = await openDoor()
  await call(door.url, 'CreateStream', { StreamName, ShardCount: 1 })
  await call(door.url, 'StartStreamEncryption', encrypted('alias/mine'))
  const put = { StreamName, PartitionKey: 'k', Data: '' }
  const { ShardIterator } = (await call(door.url, 'GetShardIterator', { StreamName, ShardId: '0', ShardIteratorType: 'LATEST' })).body
  setKeys('alias/mine=disabled')
  expect(await type('PutRecord', put)).toBe('KMSDisabledException')
  expect(await type('PutRecords', { StreamName, Records: [{ PartitionKey: 'k', Data: '' }] })).toBe('KMSDisabledException')
  expect(await type('PutRecord', { ...put, DryRun: true })).toBe('KMSDisabledException')
  expect(await type('GetRecords', { ShardIterator })).toBe('KMSDisabledException')
  expect(door.engine.topics.get(StreamName)!.partitions[0]!.endOffset).toBe(0)
  setKeys('')
  expect(await type('PutRecord', put)).toBeUndefined()
  expect(((await call(door.url, 'GetRecords', { ShardIterator })).body['Records'] as object[]).length).toBe(1)
})

test('a name that no key can have is refused', async () => {
  door = await openDoor()
  await call(door.url, 'CreateStream', { StreamName, ShardCount: 1 })
  expect((await call(door.url, 'StartStreamEncryption', encrypted('no key'))).body).toEqual({
    __type: 'KMSNotFoundException',
    message: "Key 'no key' does not exist",
  })
})
