// KMS keys and their states. There is no KMS to ask: a key is good where its name can be one, and `kinesis.kms.keys` says which are not, so
// that clients meet AWS's exceptions. Nothing is encrypted here; the disk's encryption is the operator's. Pure.
import type { Settings } from '../config.ts'
import { AwsError } from './aws-error.ts'
import type { Stream } from './streams.ts'

/** A key id, an alias, or the ARN of either. */
const keyName = /^(arn:aws[^:]*:kms:[^:]*:\d{12}:(key|alias)\/\S+|alias\/[a-zA-Z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$/

/** AWS's exception by the state that the setting names, and its text. */
const faults: Readonly<Record<string, (keyId: string) => AwsError>> = {
  disabled: (keyId) => new AwsError('KMSDisabledException', `${keyId} is disabled.`),
  'pending-deletion': (keyId) => new AwsError('KMSInvalidStateException', `${keyId} is pending deletion.`),
  denied: (keyId) =>
    new AwsError('KMSAccessDeniedException', `The ciphertext references the key ${keyId}, which doesn't exist or that you don't have access to.`),
  missing: (keyId) => new AwsError('KMSNotFoundException', `Key '${keyId}' does not exist`),
  'opt-in': () => new AwsError('KMSOptInRequired', 'The AWS access key ID needs a subscription for the service.'),
  throttled: () => new AwsError('KMSThrottlingException', 'The request was denied due to request throttling.'),
}

/** Why a key cannot be used; null where it can. */
export function keyFault(keyId: string, settings: Settings): AwsError | null {
  if (!keyName.test(keyId)) return faults['missing']!(keyId)
  for (const pair of settings.get('kinesis.kms.keys').split(',')) {
    const at = pair.lastIndexOf('=')
    if (pair.slice(0, at).trim() === keyId) return faults[pair.slice(at + 1).trim()]!(keyId)
  }
  return null
}

/** The same for the key of a stream whose records are put or read; null also where it has none. */
export const streamKeyFault = ({ facts: { keyId } }: Stream, settings: Settings): AwsError | null =>
  keyId === null ? null : keyFault(keyId, settings)

/** Refuses to put or read records of a stream whose key cannot be used. */
export function checkStreamKey(stream: Stream, settings: Settings): void {
  const fault = streamKeyFault(stream, settings)
  if (fault) throw fault
}
