import { defineConfig } from 'vitest/config';

const out = ['**/node_modules/**'];
const off = { include: [] };
// In CI one more try tells a defect from a machine that stalled; vitest reports a test that needed it.
const retry = process.env.CI ? 1 : 0;

/** One project per cost: the suffix of a file says what it needs (style: suffixes). */
export default defineConfig({
  test: {
    // Most of the suite waits for servers and processes, so three workers keep two cores busy.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...out, '**/*.nats.test.ts', '**/*.kube.test.ts', '**/*.inputs.test.ts'],
          benchmark: { include: ['**/*.bench.ts'] },
          // Some start processes of their own; a busy machine is no failure.
          testTimeout: 30_000,
          retry,
        },
      },
      {
        test: {
          name: 'nats',
          retry,
          include: ['**/*.nats.test.ts'],
          exclude: [...out, 'test/faults/**'],
          benchmark: off,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.nats.test.ts'],
          exclude: out,
          benchmark: off,
          testTimeout: 900_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'inputs',
          include: ['test/inputs/**/*.inputs.test.ts'],
          exclude: out,
          benchmark: off,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'kube',
          retry,
          include: ['**/*.kube.test.ts'],
          exclude: out,
          benchmark: off,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
