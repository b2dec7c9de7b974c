// DisableEnhancedMonitoring: takes shard-level metrics away.
import { expandMetrics, monitoringAnswer, shardLevelMetrics } from '../monitoring.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const disableEnhancedMonitoring = operation({
  name: 'DisableEnhancedMonitoring',
  input: { shardLevelMetrics: required(shardLevelMetrics), ...streamReference },
  async run(input, { streams, nowMs }) {
    const stream = streams.active(input)
    const before = stream.facts.shardLevelMetrics
    const gone = expandMetrics(input.shardLevelMetrics)
    const drop = (now: readonly string[]): string[] => now.filter((name) => !gone.includes(name))
    await streams.update(stream, (facts) => ({ shardLevelMetrics: drop(facts.shardLevelMetrics) }), nowMs)
    return monitoringAnswer(stream, before, drop(before))
  },
})
