// The coordinators of one broker, put together: who is handed what, and in which order they come, are reset and go. No rules and no sockets.
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { createGroups, type Groups } from '../coordinators/group/groups.ts'
import { GroupIds } from '../coordinators/group-ids.ts'
import type { ShareGroups } from '../coordinators/share/share-groups.ts'
import { createStreamsGroups, type StreamsGroups } from '../coordinators/streams/streams-groups.ts'
import { createTransactions, type Transactions } from '../coordinators/transaction/transactions.ts'
import type { Counters } from '../counters.ts'
import type { Engine } from '../engine/engine.ts'
import type { Random } from '../random.ts'
import { openShareGroups } from './share/open.ts'

export interface CoordinatorParts {
  readonly engine: Engine
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  /** Told of a broken invariant or of rows that cannot be read: of what kind of thing (`a group`), and which one. */
  onError(what: string, error: unknown, key: { readonly groupId: string } | { readonly transactionalId: string }): void
}

export interface Coordinators {
  readonly groups: Groups
  readonly streamsGroups: StreamsGroups
  readonly transactions: Transactions
  readonly shareGroups: ShareGroups
  /** Takes nothing more and refuses what is parked; what waits for the disk is still answered. */
  quiesce(): void
  /** Forgets everything, for a store that was just cleared. */
  reset(): void
  close(): void
}

export async function openCoordinators({ engine, settings, clock, random, counters, onError }: CoordinatorParts): Promise<Coordinators> {
  const { store, topics } = engine
  const groupConfigs = (groupId: string): ReadonlyMap<string, string> => engine.configs.get('group', groupId)
  const told = (what: string) => (error: unknown, groupId: string) => onError(what, error, { groupId })
  const ids = new GroupIds()
  const groups = await createGroups({
    ids,
    store,
    clock,
    random,
    settings,
    topics,
    groupConfigs,
    assignorNames: () => settings.get('group.consumer.assignors'),
    migrationPolicy: () => settings.get('group.consumer.migration.policy'),
    onError: told('a group'),
  })
  const streamsGroups = await createStreamsGroups({
    ids,
    store,
    clock,
    settings,
    topics,
    groupConfigs,
    groups,
    keepsDescriptions: () => settings.get('group.streams.topology.description.plugin.class') === 'builtin',
    rackTags: () => settings.get('group.streams.rack.aware.assignment.tags'),
    onError: told('a streams group'),
  })
  const transactions = await createTransactions({
    store,
    clock,
    settings,
    partition: (topicId, partition) => topics.byId(topicId)?.partitions[partition],
    topics,
    groups,
    newProducerId: () => engine.newProducerId(),
    onError: (error, transactionalId) => onError('a transaction', error, { transactionalId }),
  })
  const shareGroups = await openShareGroups({
    engine,
    groups,
    ids,
    settings,
    clock,
    deadLetters: counters.deadLetters,
    onError: told('a share group'),
  })
  return {
    groups,
    streamsGroups,
    transactions,
    shareGroups,
    quiesce() {
      groups.quiesce()
      shareGroups.quiesce()
    },
    reset() {
      transactions.reset()
      streamsGroups.reset()
      groups.reset()
      shareGroups.reset()
    },
    close() {
      transactions.close()
      streamsGroups.close()
      groups.close()
      shareGroups.close()
    },
  }
}
