// PutResourcePolicy: kept and given back; nobody is authorised by it here.
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { required, string } from '../shape.ts'
import { resourceARN, streamId } from '../shapes.ts'

/** AWS's limit on a policy document. */
const policyBytesMax = 20 * 1024

export const putResourcePolicy = operation({
  name: 'PutResourcePolicy',
  input: { policy: required(string()), resourceARN: required(resourceARN), streamId },
  async run(input, { resources }) {
    const resource = resources.find(input.resourceARN)
    if (Buffer.byteLength(input.policy) > policyBytesMax) throw invalidArgument(`Policy is larger than ${policyBytesMax} bytes.`)
    if (!isDocument(input.policy)) throw invalidArgument('Policy is not a valid JSON document with a Statement.')
    await resource.setPolicy(input.policy)
    return undefined
  },
})

function isDocument(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null && 'Statement' in document
  } catch {
    return false
  }
}
