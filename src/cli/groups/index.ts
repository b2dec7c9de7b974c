// `twinlog groups`: the list of its commands.
import type { Members } from '../lib/family.ts'

export const groupsCommands: Members = {
  list: { summary: 'Groups of every kind with their state and members', load: () => import('./list.ts') },
  describe: { summary: 'Members, offsets and lag of groups', load: () => import('./describe.ts') },
  'reset-offsets': { summary: 'Move the committed offsets of a group without members', load: () => import('./reset-offsets.ts') },
  delete: { summary: 'Delete groups without members', load: () => import('./delete.ts') },
}
