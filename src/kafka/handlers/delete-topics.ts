// DeleteTopics (20), versions 0-6. v1: throttle time. v4: flexible. v5: messages. v6: by name or by topic id.
// The topic is gone from Metadata when the answer leaves; its space comes back in the background.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, is served for old clients.

import { errorCode } from '../../../protocol/error-code.ts'
import { deleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Topic } from '../../engine/topics.ts'
import { handler, type Refused } from '../context.ts'
import { refusedBy } from '../error-map.ts'

type Wanted = RequestOf<typeof deleteTopics>['topics'][number]
type Result = ResponseInput<typeof deleteTopics>['responses'][number]

/** From this version on a client over its quota of changes is refused; older ones are held (KIP-599). */
const strictSince = 5

export const handleDeleteTopics = handler(
  deleteTopics,
  async (request, { version, engine, settings, mutations, respond }) => {
    const wanted = wantedOf(request, version)
    if (!settings.get('delete.topic.enable')) {
      // As Kafka: old clients do not know the code.
      const code = version < 3 ? errorCode.INVALID_REQUEST : errorCode.TOPIC_DELETION_DISABLED
      return respond({ throttleTimeMs: 0, responses: wanted.map((one) => result(one, code, 'Topic deletion is disabled.')) }, code)
    }
    const responses: Result[] = []
    const topics = new Set<Topic>()
    const { once, twice } = sortedOut(wanted)
    for (const one of twice) responses.push(result(one, errorCode.INVALID_REQUEST, duplicate(one)))
    for (const one of once) {
      const checked = resolved(one, engine)
      if ('errorCode' in checked) responses.push(result(one, checked.errorCode, checked.errorMessage))
      else if (topics.has(checked)) {
        // Named once by its name and once by its id.
        topics.delete(checked)
        responses.push(
          result({ ...one, name: checked.name }, errorCode.INVALID_REQUEST, 'The provided topic name maps to an ID that was already supplied.'),
        )
      } else topics.add(checked)
    }
    for (const topic of topics) responses.push(await deleteOne(topic, engine, (count) => mutations.take(count, version >= strictSince)))
    return respond({ throttleTimeMs: 0, responses }, responses.find((one) => one.errorCode !== 0)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => {
      const wanted = request.topics.length > 0 ? request.topics : wantedOf(request, 0)
      return { throttleTimeMs: 0, responses: wanted.map((one) => result(one, code, errorMessage)) }
    },
  },
)

const wantedOf = (request: RequestOf<typeof deleteTopics>, version: number): Wanted[] =>
  version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: zeroUuid }))

const result = ({ name, topicId }: Wanted, code: number, message: string | null): Result => ({
  name,
  topicId,
  errorCode: code,
  errorMessage: message,
})

/** What is asked for once, and one of each that is asked for more often: that one is refused, whether there is such a topic or not. */
function sortedOut(wanted: readonly Wanted[]): { once: Wanted[]; twice: Wanted[] } {
  const seen = new Map<string, Wanted>()
  const repeated = new Set<Wanted>()
  for (const one of wanted) {
    const key = JSON.stringify([one.name, one.topicId])
    const before = seen.get(key)
    if (before) repeated.add(before)
    else seen.set(key, one)
  }
  const each = [...seen.values()]
  return { once: each.filter((one) => !repeated.has(one)), twice: [...repeated] }
}

const duplicate = ({ name }: Wanted): string => (name === null ? 'Duplicate topic id.' : 'Duplicate topic name.')

/** The topic that is meant, by whichever of its two names. */
function resolved({ name, topicId }: Wanted, engine: Engine): Topic | Refused {
  if (name !== null && topicId !== zeroUuid) {
    return { errorCode: errorCode.INVALID_REQUEST, errorMessage: 'You may not specify both topic name and topic id.' }
  }
  if (name !== null) {
    const unknown = { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'This server does not host this topic-partition.' }
    return engine.topics.get(name) ?? unknown
  }
  if (topicId === zeroUuid) return { errorCode: errorCode.INVALID_REQUEST, errorMessage: 'Neither topic name nor id were specified.' }
  return engine.topics.byId(topicId) ?? { errorCode: errorCode.UNKNOWN_TOPIC_ID, errorMessage: 'This server does not host this topic ID.' }
}

async function deleteOne({ name, id: topicId, partitions }: Topic, engine: Engine, quota: (partitions: number) => void): Promise<Result> {
  try {
    quota(partitions.length)
    await engine.topics.delete(name, topicId)
    return { name, topicId, errorCode: errorCode.NONE, errorMessage: null }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return { name, topicId, errorCode: known.errorCode, errorMessage: known.errorMessage }
  }
}
