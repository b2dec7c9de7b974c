// The library: `import { createBroker } from 'twinlog'`.
export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export type { Listen } from './broker-options.ts'
export { type Clock, ManualClock, systemClock, type Timer } from './clock.ts'
export { type SettingsInput, SettingsInvalid } from './config.ts'
export type { Fault } from './faults.ts'
export type { LogFields, Logger } from './logging.ts'
export { type Random, seededRandom, systemRandom } from './random.ts'
