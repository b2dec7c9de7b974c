// THE list of scenarios. The help, the smoke and the report go by it.
import type { Scenario } from '../scenario.ts'
import { consumeScenarios } from './consume.ts'
import { groupScenarios } from './groups.ts'
import { growthScenarios } from './growth.ts'
import { kinesisScenarios } from './kinesis.ts'
import { latencyScenarios } from './latency.ts'
import { produceScenarios } from './produce.ts'
import { startScenarios } from './start.ts'
import { transactionScenarios } from './transactions.ts'
import { upkeepScenarios } from './upkeep.ts'

export const scenarios: readonly Scenario[] = [
  ...produceScenarios,
  ...consumeScenarios,
  ...latencyScenarios,
  ...startScenarios,
  ...growthScenarios,
  ...upkeepScenarios,
  ...transactionScenarios,
  ...groupScenarios,
  ...kinesisScenarios,
]

/** One of each kind, in a few seconds. */
export const smokeNames = ['produce', 'consume', 'start', 'latency', 'partitions', 'transactions-10', 'groups-rebalance-100', 'kinesis-put-records-4']

/** The scenarios that a name stands for: one, all of a family, or `all`. Null for an unknown name. */
export function scenariosNamed(name: string): readonly Scenario[] | null {
  if (name === 'all') return scenarios
  const one = scenarios.filter((scenario) => scenario.name === name)
  if (one.length > 0) return one
  const family = scenarios.filter((scenario) => scenario.family === name)
  return family.length > 0 ? family : null
}
