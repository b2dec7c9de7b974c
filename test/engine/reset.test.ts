// A reset beside changes that clients ask for at the same time: what there is then is what a restart finds.
import { expect, test } from 'vitest'
import { startEngine } from './harness.ts'

test('topics, configs, quotas and features that come while a reset is under way are there after it, or gone for good', async () => {
  for (let turns = 0; turns < 25; turns++) {
    const { engine, clock, store } = await startEngine()
    await engine.topics.create({ name: 'before', partitionCount: 1 })
    const reset = engine.reset()
    for (let i = 0; i < turns; i++) await null
    const meanwhile = [
      engine.topics.create({ name: 'meanwhile', partitionCount: 1 }),
      engine.configs.alter('group', 'g', () => new Map([['share.auto.offset.reset', 'earliest']])),
      engine.quotas.alter({ user: 'u' }, new Map([['producer_byte_rate', 1]])),
      engine.features.set(new Map([['share.version', 1]])),
    ]
    await Promise.all([reset, ...meanwhile])
    const { engine: restarted } = await startEngine({ clock, store })
    const facts = ({ topics, configs, quotas, features }: typeof engine) => [
      topics.all().map(({ name }) => name),
      [...configs.get('group', 'g')],
      quotas.all(),
      features.level('share.version'),
    ]
    expect([turns, ...facts(restarted)]).toEqual([turns, ...facts(engine)])
  }
})

test('a reset gives no producer id out again, also where this process has not given out any', async () => {
  const { engine, clock, store } = await startEngine()
  const { producerId } = await engine.newProducerId()
  const { engine: restarted } = await startEngine({ clock, store })
  await restarted.reset()
  expect((await restarted.newProducerId()).producerId).toBeGreaterThan(producerId)
})
