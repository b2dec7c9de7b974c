// `twinlog topics`: the list of its commands.
import type { Members } from '../lib/family.ts'

export const topicsCommands: Members = {
  list: { summary: 'Topics with their partitions and records', load: () => import('./list.ts') },
  create: { summary: 'Create topics', load: () => import('./create.ts') },
  describe: { summary: 'Partitions, offsets and configs of topics', load: () => import('./describe.ts') },
  delete: { summary: 'Delete topics', load: () => import('./delete.ts') },
  'add-partitions': { summary: 'Give a topic more partitions', load: () => import('./add-partitions.ts') },
  alter: { summary: 'Set or unset configs of a topic', load: () => import('./alter.ts') },
}
