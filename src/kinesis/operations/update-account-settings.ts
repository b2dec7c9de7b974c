// UpdateAccountSettings: begins or ends the on-demand commitment.
import { operation } from '../operation.ts'
import { oneOf, required, structure } from '../shape.ts'

export const updateAccountSettings = operation({
  name: 'UpdateAccountSettings',
  input: { minimumThroughputBillingCommitment: required(structure({ status: required(oneOf('ENABLED', 'DISABLED')) })) },
  async run(input, { account, nowMs }) {
    await account.commit(input.minimumThroughputBillingCommitment.status === 'ENABLED', nowMs)
    return { MinimumThroughputBillingCommitment: account.describe(nowMs) }
  },
})
