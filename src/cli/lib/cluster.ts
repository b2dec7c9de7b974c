// The brokers of a cluster as the commands on groups need them: all of them, and the one that looks after a group.
import { findCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { metadata } from '../../../protocol/messages/metadata.ts'
import { bootstrapServers, type Server } from './kafka.ts'
import { check, Wire } from './wire.ts'

/** FindCoordinator up to here asks for one key, from the next version on for many. */
const oneKeyVersionMax = 3
const keysPerRequest = 500

export class Cluster {
  readonly #first: Wire
  readonly #wires = new Map<string, Promise<Wire>>()

  private constructor(first: Wire) {
    this.#first = first
  }

  /** Runs `work` on the cluster that the first answering bootstrap server belongs to, and always disconnects. */
  static async with<Result>(bootstrap: string | undefined, work: (cluster: Cluster) => Promise<Result>): Promise<Result> {
    const cluster = new Cluster(await firstThatAnswers(bootstrapServers(bootstrap)))
    try {
      return await work(cluster)
    } finally {
      await cluster.#close()
    }
  }

  /** A connection to every broker. */
  async brokers(): Promise<Wire[]> {
    const { brokers } = await this.#first.ask(metadata, {
      topics: [],
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    return Promise.all(brokers.map(({ host, port }) => this.#wireTo(host, port)))
  }

  /** A connection to the broker that looks after the group. */
  async coordinatorOf(groupId: string): Promise<Wire> {
    const { errorCode, errorMessage, host, port } = await this.#first.ask(findCoordinator, { key: groupId, coordinatorKeys: [] }, oneKeyVersionMax)
    check(errorCode, groupId, errorMessage)
    return this.#wireTo(host, port)
  }

  /** Connections to the brokers that look after the groups: one question for hundreds of them, where the broker understands that. */
  async coordinatorsOf(groupIds: readonly string[]): Promise<Map<string, Wire>> {
    const found = new Map<string, Wire>()
    if (this.#first.versionOf(findCoordinator) <= oneKeyVersionMax) {
      for (const groupId of groupIds) found.set(groupId, await this.coordinatorOf(groupId))
      return found
    }
    for (let at = 0; at < groupIds.length; at += keysPerRequest) {
      const { coordinators } = await this.#first.ask(findCoordinator, { key: '', coordinatorKeys: groupIds.slice(at, at + keysPerRequest) })
      for (const { key, errorCode, errorMessage, host, port } of coordinators) {
        check(errorCode, key, errorMessage)
        found.set(key, await this.#wireTo(host, port))
      }
    }
    return found
  }

  #wireTo(host: string, port: number): Promise<Wire> {
    const address = `${host}:${port}`
    const wire = this.#wires.get(address) ?? Wire.connect(host, port)
    this.#wires.set(address, wire)
    return wire
  }

  async #close(): Promise<void> {
    this.#first.close()
    for (const wire of await Promise.allSettled(this.#wires.values())) if (wire.status === 'fulfilled') wire.value.close()
  }
}

async function firstThatAnswers(servers: readonly Server[]): Promise<Wire> {
  let failure: unknown
  for (const { host, port } of servers) {
    try {
      return await Wire.connect(host, port)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}
