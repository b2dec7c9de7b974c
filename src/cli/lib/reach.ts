// What a start has to say about who can reach it: doors that are open to other machines, and an address that those machines cannot use.
// Looks at settings and addresses only; start.ts writes it to the log.
import { isWildcard, parseAddress } from '../../address.ts'
import type { Settings } from '../../config.ts'

export interface Warning {
  message: string
  fields: Record<string, unknown>
}

/** `told` is the address that Kafka clients are told. */
export function reachWarnings(settings: Settings, told: string): Warning[] {
  const hostOf = (door: 'kafka' | 'aws'): string => parseAddress(settings.get(door)).host
  const open = (['kafka', 'aws'] as const)
    .filter((door) => !isLoopback(hostOf(door)))
    // The AWS door verifies signatures where keys are known; the Kafka door asks nobody yet.
    .filter((door) => door === 'kafka' || settings.get('aws.credentials') === null)
  const warnings: Warning[] = []
  if (open.length > 0) {
    const message = 'other machines can connect, and are let in without authentication'
    warnings.push({ message, fields: Object.fromEntries(open.map((door) => [door, settings.get(door)])) })
  }
  if (isWildcard(hostOf('kafka')) && settings.get('advertise') === null) {
    const message = 'Kafka clients are told an address that only this machine can reach; --advertise HOST:PORT tells them another'
    warnings.push({ message, fields: { told } })
  }
  return warnings
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host)
