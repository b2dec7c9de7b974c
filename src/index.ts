// The library: `import { createBroker } from 'twinlog'`.
export { type Broker, type BrokerOptions, createBroker, type Listen } from './broker.ts'
export { type Clock, ManualClock, systemClock, type Timer } from './clock.ts'
export { type SettingsInput, SettingsInvalid } from './config.ts'
export type { LogFields, Logger } from './logging.ts'
export { type Random, seededRandom, systemRandom } from './random.ts'
