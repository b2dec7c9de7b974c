// Read, process, write: a program whose position in its input moves with what it writes, in one transaction. Whatever dies when, each input counts once.
import type { Kafka } from 'kafkajs'
import type { Random } from '../../../src/random.ts'
import type { History, Sighting } from './history.ts'
import { type Connect, closePatienceMs, insistently, partitions, patiently, type Session, topic } from './writers.ts'

const groupId = 'copier'
const prefix = 'copy of '

export interface Copying {
  connect: Connect
  kafka: Kafka
  history: History
  random: Random
  stopped(): boolean
  onTrouble(error: unknown): void
}

/** Copies numbers until told to stop. Answers the first number that was not copied, as the group's offset has it. */
export async function copy({ connect, kafka, history, random, stopped, onTrouble }: Copying): Promise<number> {
  // A client of its own each time: one that was asking when the broker died may wait for ever, and then never answers again.
  const position = (): Promise<number> =>
    insistently(async () => {
      const admin = kafka.admin()
      try {
        await patiently(admin.connect())
        const [told] = await patiently(admin.fetchOffsets({ groupId, topics: [topic] }))
        return Math.max(0, Number(told?.partitions.find(({ partition }) => partition === 0)?.offset ?? 0))
      } finally {
        await patiently(admin.disconnect(), closePatienceMs).catch(() => {})
      }
    })
  let session: Session | null = null
  let at = 0
  let tries = 0
  while (!stopped()) {
    try {
      if (!session) {
        // In this order: what an older instance left open is ended by the newer one, and then the offset stands.
        session = await connect(groupId)
        at = await position()
      }
      const count = 1 + random.integer(3)
      await session.begin()
      for (let i = at; i < at + count; i++) await session.send(random.integer(partitions), `${prefix}${i}, try ${tries++}`)
      await session.sendOffset!(groupId, at + count)
      const commit = random.integer(4) > 0
      await session.end(commit)
      if (commit) at += count
      history.operations += count + 2
    } catch (error) {
      onTrouble(error)
      await session?.close().catch(() => {})
      session = null
    }
  }
  await session?.close().catch(() => {})
  await insistently(async () => (await connect(groupId)).close())
  return position()
}

/** Every number below `end` was copied once, none from there on. */
export function checkCopies(committed: Sighting, end: number): { count: number; problems: string[] } {
  const copied = [...committed.values.values()]
    .filter((value) => value.startsWith(prefix))
    .map((value) => Number.parseInt(value.slice(prefix.length), 10))
  copied.sort((a, b) => a - b)
  const problems: string[] = []
  for (let i = 0; i < Math.max(end, copied.length); i++) {
    if (copied[i] === i && i < end) continue
    problems.push(`the group stands at ${end}, and copy ${i} is ${copied[i] ?? 'missing'}`)
    break
  }
  return { count: copied.length, problems }
}
