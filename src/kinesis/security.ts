// The AWS door's credentials and certificate, from settings, files and the store. What they are used for is door.ts's and server.ts's.
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { type Table, table } from '../../storage/tables.ts'
import { credentialPairs, credentialsFile } from '../auth/aws-credentials.ts'
import { type KeyAndCertificate, selfSigned } from '../auth/self-signed.ts'
import { SigV4Verifier } from '../auth/sigv4.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { Random } from '../random.ts'

/** Key: ['self-signed']. Kept, so that a client that was told to trust it still does after a restart or a reset. */
const certificateTable: Table<KeyAndCertificate> = table('kinesis-tls')
const serialBytes = 16

/** Null where no credentials are configured: any signature will do. */
export async function openVerifier(settings: Settings): Promise<SigV4Verifier | null> {
  const given = settings.get('aws.credentials')
  if (given === null) return null
  const keys = credentialPairs(given) ?? credentialsFile(await readFile(given, 'utf8'))
  if (keys.size === 0) throw new Error(`aws.credentials names ${given}, which holds no access key`)
  return new SigV4Verifier({ keys, region: settings.get('aws.region'), services: ['kinesis'] })
}

/** Null where TLS is off. */
export async function openCertificate(options: {
  settings: Settings
  engine: Engine
  clock: Clock
  random: Random
  host: string
}): Promise<KeyAndCertificate | null> {
  const { settings, engine, clock, random, host } = options
  if (settings.get('aws.tls') === 'off') return null
  const certificateFile = settings.get('aws.tls.certificate')
  const keyFile = settings.get('aws.tls.key')
  if (certificateFile !== null && keyFile !== null) return { cert: await readFile(certificateFile, 'utf8'), key: await readFile(keyFile, 'utf8') }
  if (certificateFile !== null || keyFile !== null) throw new Error('aws.tls.certificate and aws.tls.key belong together: give both, or neither')
  const kept = await engine.store.tables.get(certificateTable, ['self-signed'])
  const hosts = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), host])]
  const certificate = kept ?? selfSigned(hosts, clock.now(), random.bytes(serialBytes))
  const keep = (): Promise<unknown> => engine.store.batch().put(certificateTable, ['self-signed'], certificate).commit()
  if (!kept) await keep()
  engine.onReset(keep)
  return certificate
}
