// The bit fields by which answers tell what a client may do (KIP-430). Without ACLs everybody may do everything.

/** Kafka's numbers of operations; a bit field has bit n set for operation n. */
const operation = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
}

const bits = (...operations: number[]): number => operations.reduce((field, one) => field | (1 << one), 0)

/** What an answer says where the client did not ask. */
export const notAsked = -2147483648

const { read, write, create, describe, alter, clusterAction, describeConfigs, alterConfigs, idempotentWrite } = operation
export const allTopicOperations = bits(read, write, create, operation.delete, alter, describe, describeConfigs, alterConfigs)
export const allClusterOperations = bits(create, alter, describe, clusterAction, describeConfigs, alterConfigs, idempotentWrite)
export const allGroupOperations = bits(read, operation.delete, describe, describeConfigs, alterConfigs)
