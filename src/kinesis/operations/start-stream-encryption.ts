// StartStreamEncryption: the flag and the key round-trip, in descriptions and with each record; nothing is encrypted here (the disk's
// encryption is the operator's). There is no KMS to ask: a key is refused only when its name cannot be one.
import { AwsError, invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { oneOf, required, string } from '../shape.ts'
import { streamReference } from '../shapes.ts'

/** A key id, an alias, or the ARN of either. */
const keyName = /^(arn:aws[^:]*:kms:[^:]*:\d{12}:(key|alias)\/\S+|alias\/[a-zA-Z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$/

export const startStreamEncryption = operation({
  name: 'StartStreamEncryption',
  input: { encryptionType: required(oneOf('NONE', 'KMS')), keyId: required(string({ min: 1, max: 2048 })), ...streamReference },
  async run(input, { streams, nowMs }) {
    const stream = streams.active(input)
    if (input.encryptionType !== 'KMS') throw invalidArgument('EncryptionType must be KMS to start encryption.')
    if (!keyName.test(input.keyId)) throw new AwsError('KMSNotFoundException', `Key '${input.keyId}' does not exist`)
    await streams.update(stream, () => ({ keyId: input.keyId }), nowMs)
    return undefined
  },
})
