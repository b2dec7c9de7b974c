import { defineConfig } from 'vitest/config'

// Kills processes by the dozen: apart from the suite, run with `npm run test:crash`.
export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    include: ['test/crash/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 180_000, interval: 3 } },
  },
})
