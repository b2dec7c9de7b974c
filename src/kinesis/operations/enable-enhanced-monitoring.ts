// EnableEnhancedMonitoring: adds shard-level metrics.
import { expandMetrics, monitoringAnswer, shardLevelMetrics } from '../monitoring.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const enableEnhancedMonitoring = operation({
  name: 'EnableEnhancedMonitoring',
  input: { shardLevelMetrics: required(shardLevelMetrics), ...streamReference },
  async run(input, { streams, nowMs }) {
    const stream = streams.active(input)
    const before = stream.facts.shardLevelMetrics
    const add = (now: readonly string[]): string[] => expandMetrics([...now, ...input.shardLevelMetrics])
    await streams.update(stream, (facts) => ({ shardLevelMetrics: add(facts.shardLevelMetrics) }), nowMs)
    return monitoringAnswer(stream, before, add(before))
  },
})
