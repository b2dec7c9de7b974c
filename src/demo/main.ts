// `npm run demo`: real data through both doors, in each direction, compared byte by byte.
//   flights      produced by kafkajs          read by the AWS SDK and by a Kafka consumer group
//   earthquakes  put by the AWS SDK           read by a Kafka consumer group of two members and by the AWS SDK
import { bytesText, print, table } from '../cli/lib/output.ts'
import { Progress } from '../cli/lib/progress.ts'
import { overlookPastTimers } from '../past-timers.ts'
import { startDemoBroker } from './broker.ts'
import { type DemoRecord, earthquakes, flights } from './data.ts'
import { consume, createTopic, kafkaClient, produce } from './kafka-side.ts'
import { createStream, kinesisClient, put, read } from './kinesis-side.ts'
import type { Readings } from './readings.ts'

interface Step {
  name: string
  through: string
  what: string
  total: number
  /** A reader answers what it saw. */
  run(told: (count: number) => void): Promise<Readings | undefined>
}

const rows: (string | number)[][] = []

/** Runs a step under a progress bar and notes a row of the table. */
async function step({ name, through, what, total, run }: Step): Promise<Readings | null> {
  const progress = new Progress({ label: `${name}: ${what}`, total, show: (count) => count.toLocaleString('en') })
  const startMs = performance.now()
  const readings = (await run((count) => progress.to(count))) ?? null
  progress.end()
  const seconds = (performance.now() - startMs) / 1000
  rows.push([name, what, through, total, `${seconds.toFixed(2)} s`, `${Math.round(total / seconds).toLocaleString('en')}/s`])
  return readings
}

/** Both readers saw everything, and the same: or the demo fails. */
function compare(stream: string, records: readonly DemoRecord[], one: Readings | null, other: Readings | null): void {
  const bytes = records.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  for (const readings of [one, other]) {
    if (readings?.records !== records.length || readings.bytes !== bytes) {
      throw new Error(`${stream}: ${records.length} records of ${bytes} bytes were written, ${readings?.records} of ${readings?.bytes} were read`)
    }
  }
  if (one?.digest() !== other?.digest()) throw new Error(`${stream}: the two readers saw different bytes or another order`)
  verdicts.push(`${stream}: ${records.length.toLocaleString('en')} records, ${bytesText(bytes)}: both readers saw the same bytes in the same order.`)
}

const verdicts: string[] = []
overlookPastTimers()
const broker = await startDemoBroker()
print(`A broker is up after ${broker.startMs} ms: Kafka at ${broker.kafka}, Kinesis at ${broker.aws}.\n\n`)
const kafka = kafkaClient(broker.kafka)
const kinesis = kinesisClient(broker.aws)
try {
  const flown = await flights()
  const common = { name: 'flights', total: flown.length }
  await createTopic(kafka, 'flights', 4)
  await step({ ...common, what: 'written', through: 'kafkajs', run: (told) => produce(kafka, 'flights', flown, told) })
  const byKinesis = await step({ ...common, what: 'read', through: 'AWS SDK, 4 shards', run: (told) => read(kinesis, 'flights', flown.length, told) })
  const byGroup = await step({ ...common, what: 'read', through: 'kafkajs group of 2', run: (told) => consume(kafka, 'flights', flown.length, told) })
  compare('flights', flown, byKinesis, byGroup)

  const quakes = await earthquakes()
  const shaken = { name: 'earthquakes', total: quakes.length }
  await createStream(kinesis, 'earthquakes', 2)
  await step({ ...shaken, what: 'written', through: 'AWS SDK PutRecords', run: (told) => put(kinesis, 'earthquakes', quakes, told) })
  const quakesByGroup = await step({
    ...shaken,
    what: 'read',
    through: 'kafkajs group of 2',
    run: (told) => consume(kafka, 'earthquakes', quakes.length, told),
  })
  const quakesByKinesis = await step({
    ...shaken,
    what: 'read',
    through: 'AWS SDK, 2 shards',
    run: (told) => read(kinesis, 'earthquakes', quakes.length, told),
  })
  compare('earthquakes', quakes, quakesByGroup, quakesByKinesis)

  print(table(['STREAM', '', 'THROUGH', 'RECORDS', 'TIME', 'RATE'], rows))
  print(`\n${verdicts.join('\n')}\n`)
} finally {
  kinesis.destroy()
  await broker.stop()
}
