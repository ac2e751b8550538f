// What a failed test of a real lab leaves for the record. vitest runs this beside every test file; scripts/test.mjs prints
// it below the failure.
import { afterEach } from 'vitest';
import { tell } from './trace.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The newest lines of the labs that were up when the test failed, and of the pages that were open. */
    labs?: string;
  }
}

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const told = await tell();
  if (told === undefined) return;
  task.meta.labs = told;
  console.log(`\n${task.name}: the end of its lab\n${told}\n`);
});
