// Two kinds of tests: `fast` ones need nothing but Node; `real` ones start processes, containers or browsers and run one
// file at a time, because they look at the kernel. scripts/test.mjs runs both.
import { defineConfig } from 'vitest/config';

const REAL = [
  'spine',
  'wshd',
  'warden',
  'dea',
  'main',
  'cli',
  'doctor',
  'kernel',
  'browser',
  'faults',
  'driver',
  'apps',
].map((room) => `test/${room}/**/*.test.ts`);
REAL.push('test/lessons/a-push-in-five-minutes.test.ts', 'test/web/page.test.ts');

/** What is polled for may take long on a machine that does other things as well; what never comes is no less a failure. */
const patience = { expect: { poll: { timeout: 60_000, interval: 20 } } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...patience,
        },
      },
      {
        test: {
          name: 'real',
          include: REAL,
          setupFiles: ['test/support/on-failure.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          ...patience,
          fileParallelism: false,
          pool: 'forks',
        },
      },
    ],
  },
});
