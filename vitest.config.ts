import { defineConfig } from 'vitest/config'

// Forks: LMDB's native environments do not like to share a process across test files.
// Deadlines only end what hangs: no test is to fail because the machine had other things to do.
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    exclude: ['test/crash/**', 'test/long/**', '**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
  },
})
