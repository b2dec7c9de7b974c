import { defineConfig } from 'vitest/config'

// Forks: LMDB's native environments do not like to share a process across test files.
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    exclude: ['test/crash/**', 'test/long/**', '**/node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
