// `twinlog streams`: the list of its commands. They manage streams; records go through `twinlog produce` and `consume`, for a stream is a topic.
import type { Members } from '../lib/family.ts'

export const streamsCommands: Members = {
  list: { summary: 'Streams with their status and capacity mode', load: () => import('./list.ts') },
  create: { summary: 'Create streams', load: () => import('./create.ts') },
  describe: { summary: 'Shards, hash ranges and sequence numbers of streams', load: () => import('./describe.ts') },
  reshard: { summary: 'Give a stream more shards or fewer', load: () => import('./reshard.ts') },
  delete: { summary: 'Delete streams', load: () => import('./delete.ts') },
}
