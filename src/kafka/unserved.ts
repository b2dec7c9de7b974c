// Client APIs of Apache Kafka 4.4 that are not served, with the reason. test/kafka/api-table.test.ts holds this list and handlers/index.ts against Kafka's own.

const security = 'comes with authentication and access rules'

/** Key, name, reason. */
export const unserved: readonly (readonly [key: number, name: string, reason: string])[] = [
  [17, 'SaslHandshake', security],
  [29, 'DescribeAcls', security],
  [30, 'CreateAcls', security],
  [31, 'DeleteAcls', security],
  [36, 'SaslAuthenticate', security],
  [38, 'CreateDelegationToken', security],
  [39, 'RenewDelegationToken', security],
  [40, 'ExpireDelegationToken', security],
  [41, 'DescribeDelegationToken', security],
  [50, 'DescribeUserScramCredentials', security],
  [51, 'AlterUserScramCredentials', security],
]
