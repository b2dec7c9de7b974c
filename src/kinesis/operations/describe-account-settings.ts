// DescribeAccountSettings: the on-demand commitment.
import { operation } from '../operation.ts'

export const describeAccountSettings = operation({
  name: 'DescribeAccountSettings',
  input: {},
  run: (_input, { account, nowMs }) => ({ MinimumThroughputBillingCommitment: account.describe(nowMs) }),
})
