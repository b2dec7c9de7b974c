// StartStreamEncryption: the flag and the key round-trip, in descriptions and with each record; nothing is encrypted here (the disk's
// encryption is the operator's). Keys are kms.ts's.
import { invalidArgument } from '../aws-error.ts'
import { keyFault } from '../kms.ts'
import { operation } from '../operation.ts'
import { oneOf, required, string } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const startStreamEncryption = operation({
  name: 'StartStreamEncryption',
  input: { encryptionType: required(oneOf('NONE', 'KMS')), keyId: required(string({ min: 1, max: 2048 })), ...streamReference },
  async run(input, { streams, settings, nowMs }) {
    const stream = streams.active(input)
    if (input.encryptionType !== 'KMS') throw invalidArgument('EncryptionType must be KMS to start encryption.')
    const fault = keyFault(input.keyId, settings)
    if (fault) throw fault
    await streams.update(stream, () => ({ keyId: input.keyId }), nowMs)
    return undefined
  },
})
