// The APIs that are served, key by key and version by version, against what Apache Kafka 4.4 serves to clients. What is missing has a reason (src/kafka/unserved.ts).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { apis } from '../../protocol/messages/index.ts'
import { handlers } from '../../src/kafka/handlers/index.ts'
import { unserved } from '../../src/kafka/unserved.ts'

const models = resolve(import.meta.dirname, '../../../shared/models/kafka-4.4.0')
if (!existsSync(models)) console.log(`skipped: no ${models}, so the API table is not compared with Kafka's`)

/** Lowest and highest version of every client request, as Kafka publishes them. */
function published(): Map<number, { name: string; lowest: number; highest: number }> {
  const found = new Map<number, { name: string; lowest: number; highest: number }>()
  for (const file of readdirSync(models).filter((name) => name.endsWith('Request.json'))) {
    const model = JSON.parse(readFileSync(`${models}/${file}`, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as {
      apiKey: number
      name: string
      validVersions: string
      latestVersionUnstable?: boolean
    }
    const [lowest, highest] = model.validVersions.split('-').map(Number)
    const unstable = model.latestVersionUnstable ? 1 : 0
    found.set(model.apiKey, { name: model.name.replace(/Request$/, ''), lowest: lowest!, highest: (highest ?? lowest!) - unstable })
  }
  return found
}

test.skipIf(!existsSync(models))('every client API of Kafka is served in every version, or stands among the unserved with its reason', () => {
  const faults: string[] = []
  const served = new Map(handlers.map((handler) => [handler.key, handler]))
  const missing = new Map(unserved.map(([key, name]) => [key, name]))
  for (const [key, { name, lowest, highest }] of published()) {
    const handler = served.get(key)
    if (!handler) {
      if (missing.get(key) !== name) faults.push(`${name} (${key}) is not served, and not listed as unserved`)
    } else if (handler.min > lowest || handler.max < highest) {
      faults.push(`${name} (${key}) is served in ${handler.min}-${handler.max}, Kafka has ${lowest}-${highest}`)
    }
  }
  expect(faults).toEqual([])
})

test('nothing is both served and listed as unserved', () => {
  const served = new Set(handlers.map(({ key }) => key))
  expect(unserved.filter(([key]) => served.has(key))).toEqual([])
  const names = new Map(apis.map(({ key, name }) => [key, name]))
  for (const [key, name] of unserved) expect(names.get(key)).toBe(name)
})
