// StopStreamEncryption: takes the flag back; a stream without it is no error.
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { oneOf, required, string } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const stopStreamEncryption = operation({
  name: 'StopStreamEncryption',
  input: { encryptionType: required(oneOf('NONE', 'KMS')), keyId: required(string({ min: 1, max: 2048 })), ...streamReference },
  async run(input, { streams, nowMs }) {
    const stream = streams.active(input)
    if (input.encryptionType !== 'KMS') throw invalidArgument('EncryptionType must be KMS to stop encryption.')
    await streams.update(stream, () => ({ keyId: null }), nowMs)
    return undefined
  },
})
