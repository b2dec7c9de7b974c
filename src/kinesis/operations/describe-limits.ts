// DescribeLimits: what the account may have, and has.
import { operation } from '../operation.ts'

export const describeLimits = operation({
  name: 'DescribeLimits',
  input: {},
  run: (_input, { limits }) => ({ ...limits.describe(), ChannelCount: 0, ChannelCountLimit: 0 }),
})
