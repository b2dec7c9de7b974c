// Features of the cluster: what UpdateFeatures takes and refuses, in Kafka's words; what ApiVersions then tells; what a kind of group without its feature is answered.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { deleteShareGroupOffsets } from '../../protocol/messages/delete-share-group-offsets.ts'
import { describeShareGroupOffsets } from '../../protocol/messages/describe-share-group-offsets.ts'
import { shareGroupDescribe } from '../../protocol/messages/share-group-describe.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupDescribe } from '../../protocol/messages/streams-group-describe.ts'
import { updateFeatures } from '../../protocol/messages/update-features.ts'
import { createBroker } from '../../src/broker.ts'
import { shareDeadLetters } from '../../src/kafka/share/configs.ts'
import { startDoor } from './harness.ts'
import { RawClient } from './raw-client.ts'

type Update = [feature: string, level: number, upgradeType?: number]
type Asker = Pick<RawClient, 'ask'>
const [upgrade, safe, unsafe] = [1, 2, 3]
const software = { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.0' }

const update = (client: Asker, updates: Update[], validateOnly = false, version = 2) =>
  client.ask(updateFeatures, version, {
    featureUpdates: updates.map(([feature, maxVersionLevel, upgradeType = upgrade]) => ({
      feature,
      maxVersionLevel,
      ...(version === 0 ? { allowDowngrade: true } : { allowDowngrade: false, upgradeType }),
    })),
    ...(version > 0 && { validateOnly }),
  })
async function levels(client: Asker) {
  const { finalizedFeatures, finalizedFeaturesEpoch } = await client.ask(apiVersions, 4, software)
  return { epoch: finalizedFeaturesEpoch, ...Object.fromEntries(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])) }
}
const fresh = {
  'group.version': 1,
  'kraft.version': 1,
  'metadata.version': 33,
  'share.version': 2,
  'streams.version': 1,
  'transaction.version': 2,
  'eligible.leader.replicas.version': 1,
}

test('a fresh cluster has each feature at its highest; versions before 4 are only told of those that do not start at 0', async () => {
  await using door = await startDoor()
  await using wire = await door.open()
  expect(await levels(wire)).toEqual({ epoch: 1, ...fresh })
  const { supportedFeatures } = await wire.ask(apiVersions, 4, software)
  expect(supportedFeatures).toContainEqual({ name: 'transaction.version', minVersion: 0, maxVersion: 2 })
  expect((await wire.ask(apiVersions, 3, software)).supportedFeatures).toEqual([{ name: 'metadata.version', minVersion: 7, maxVersion: 33 }])
})

test('levels go down and up, all together or not at all, and validateOnly changes nothing', async () => {
  await using door = await startDoor()
  await using wire = await door.open()
  expect(await update(wire, [['transaction.version', 1, safe]], true)).toMatchObject({ errorCode: 0 })
  expect(await levels(wire)).toEqual({ epoch: 1, ...fresh })
  expect(
    await update(wire, [
      ['transaction.version', 0, unsafe],
      ['foo', 1],
    ]),
  ).toMatchObject({ errorCode: 95 })
  expect(await levels(wire)).toEqual({ epoch: 1, ...fresh })
  expect(await update(wire, [['transaction.version', 1, safe]])).toMatchObject({ errorCode: 0, errorMessage: null })
  expect(await levels(wire)).toEqual({ epoch: 2, ...fresh, 'transaction.version': 1 })
  expect(await update(wire, [['transaction.version', 0, safe]])).toMatchObject({ errorCode: 0 })
  expect(await levels(wire)).not.toHaveProperty('transaction.version')
  expect(await update(wire, [['transaction.version', 2]], false, 0)).toMatchObject({ errorCode: 0 })
  expect(await levels(wire)).toEqual({ epoch: 4, ...fresh })
  await update(wire, [['group.version', 1]])
  expect((await levels(wire)).epoch).toBe(4)
})

const needsType = "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
test.each<[Update, string]>([
  [['foo', 0, safe], 'Invalid update version 0 for feature foo. Feature foo not found.'],
  [['foo', 3, safe], 'Invalid update version 3 for feature foo. Local controller 1 does not support this feature.'],
  [['group.version', 2, safe], 'Invalid update version 2 for feature group.version. Local controller 1 only supports versions 0-1'],
  [['group.version', 0], `Invalid update version 0 for feature group.version. ${needsType}`],
  [['group.version', -1, safe], 'Invalid update version -1 for feature group.version. A feature version cannot be less than 0.'],
  [['group.version', 0, 4], 'Invalid update version 0 for feature group.version. The controller does not support the given upgrade type.'],
  [['kraft.version', 0, safe], "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature."],
  [['kraft.version', 2], 'Invalid update version 2 for feature kraft.version. Local controller 1 only supports versions 0-1'],
  [
    ['metadata.version', 30, safe],
    'Unsupported metadata.version downgrade from 33 to 30. Refusing to perform the requested downgrade because it might delete metadata information.',
  ],
  [
    ['metadata.version', 7, unsafe],
    'Unsupported metadata.version downgrade from 33 to 7. Unsafe metadata downgrade is not supported in this version.',
  ],
])('%j is refused in Kafka’s words', async (wanted, reason) => {
  await using door = await startDoor()
  await using wire = await door.open()
  expect(await update(wire, [wanted])).toEqual({
    throttleTimeMs: 0,
    errorCode: 95,
    errorMessage: `The update failed for all features since the following feature had an error: ${reason}`,
    results: [],
  })
})

test('a level that was lowered cannot be raised as a downgrade, and version 0 cannot lower', async () => {
  await using door = await startDoor()
  await using wire = await door.open()
  expect((await update(wire, [['share.version', 0]], false, 0)).errorMessage).toContain(needsType)
  await update(wire, [['share.version', 1, safe]])
  expect((await update(wire, [['share.version', 2, safe]])).errorMessage).toContain("Can't downgrade to a newer version.")
})

test('without its feature a kind of group is answered UNSUPPORTED_VERSION, and share.version 1 keeps no dead letters', async () => {
  await using door = await startDoor()
  await using wire = await door.open()
  const codes = async () => {
    const groupIds = ['g']
    const operations = { includeAuthorizedOperations: false }
    const consumer = await wire.ask(consumerGroupDescribe, 1, { groupIds, ...operations })
    const share = await wire.ask(shareGroupDescribe, 1, { groupIds, ...operations })
    const streams = await wire.ask(streamsGroupDescribe, 1, { groupIds, ...operations })
    const offsets = await wire.ask(describeShareGroupOffsets, 1, { groups: [{ groupId: 'g', topics: null }] })
    const removed = await wire.ask(deleteShareGroupOffsets, 0, { groupId: 'g', topics: [] })
    const beat = { groupId: 'g', memberId: '', memberEpoch: 0, rackId: null, subscribedTopicNames: null }
    const heartbeat = await wire.ask(shareGroupHeartbeat, 1, beat)
    return [consumer.groups, share.groups, streams.groups, offsets.groups]
      .map(([group]) => group?.errorCode)
      .concat(removed.errorCode, heartbeat.errorCode)
  }
  expect(await codes()).toEqual([69, 69, 69, 0, 69, 42])
  await update(wire, [
    ['group.version', 0, safe],
    ['streams.version', 0, safe],
  ])
  expect(await codes()).toEqual([35, 69, 35, 0, 69, 42])
  await update(wire, [
    ['group.version', 1],
    ['streams.version', 1],
    ['share.version', 0, safe],
  ])
  expect(await codes()).toEqual([69, 35, 69, 35, 35, 35])

  await door.engine.configs.alter('group', 'g', () => new Map([['errors.deadletterqueue.topic.name', 'dlq.g']]))
  const deadLetters = () => shareDeadLetters(door.engine, door.engine.settings, 'g').topicName
  await update(wire, [['share.version', 1]])
  expect(deadLetters()).toBe('')
  await update(wire, [['share.version', 2]])
  expect(deadLetters()).toBe('dlq.g')
})

test('levels outlive a restart; a reset makes a fresh cluster, with a later epoch', async () => {
  const data = await mkdtemp(join(tmpdir(), 'twinlog-features-'))
  try {
    const first = await createBroker({ data })
    const raw = await RawClient.connect(first.kafka)
    await update(raw, [['transaction.version', 1, safe]])
    raw.close()
    await first.close()
    await using second = await createBroker({ data })
    await using again = await RawClient.connect(second.kafka)
    expect(await levels(again)).toEqual({ epoch: 2, ...fresh, 'transaction.version': 1 })
    await second.reset()
    expect(await levels(again)).toEqual({ epoch: 3, ...fresh })
  } finally {
    await rm(data, { recursive: true, force: true })
  }
})
