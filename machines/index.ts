// All machines by the name they have in the journal. The only list of them: charts are drawn from here.
import type { AnyStateMachine } from 'xstate';
import { appMachine } from './app.ts';
import { container } from './container.ts';
import { dea } from './dea.ts';
import { instance } from './instance.ts';
import { routeMachine } from './route.ts';
import { stagingTask } from './staging-task.ts';
import { wshdBoot } from './wshd-boot.ts';

/** In the order of the flow, from the API call to PID 1. */
export const MACHINES = {
  app: appMachine,
  dea,
  'staging-task': stagingTask,
  instance,
  container,
  'wshd-boot': wshdBoot,
  route: routeMachine,
} satisfies Record<string, AnyStateMachine>;

export type MachineName = keyof typeof MACHINES;
