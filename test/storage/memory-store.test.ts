// The memory store meets the contracts.
import { openMemoryStore } from '../../storage/memory-store.ts'
import { storeOptions, TestClock } from '../contract/harness.ts'
import { logContract } from '../contract/log.ts'
import { replaceContract } from '../contract/replace.ts'
import { rollingContract } from '../contract/rolling.ts'
import { storeContract } from '../contract/tables.ts'

const open = async (more = {}) => {
  const clock = new TestClock()
  return { store: openMemoryStore(storeOptions(clock, more)), clock }
}

logContract('in memory', open)
replaceContract('in memory', open)
rollingContract('in memory', open)
storeContract('in memory', open)
