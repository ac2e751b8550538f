// What a lesson may break, and the order to the lab (`POST /lab/faults`, server/debugger/faults.ts) that each name stands
// for. Pure: whom it hits is taken from the record.
import type { Entry } from './journal.ts';
import type { Answers, Call, Progress } from './lesson.ts';
import { moves } from './lesson-record.ts';
import { valuesOf } from './lesson-values.ts';

export type FaultOrder = { what: string } & Record<string, string | number>;

interface Fault {
  /** Whether these words behind the name make sense. */
  takes(args: readonly string[]): boolean;
  /** Undefined while the record does not have what it would hit. */
  order(args: readonly string[], story: readonly Entry[]): FaultOrder | undefined;
}

const none = (args: readonly string[]): boolean => args.length === 0;
/** What the newest instance is known to have: `handle` is the container that the app is in by now, maybe not its first. */
const newestOf = (story: readonly Entry[], what: 'app' | 'handle'): string | undefined => {
  const newest = moves(story, 'instance').findLast((t) => typeof t.context[what] === 'string');
  return newest && String(newest.context[what]);
};
const onContainer = (what: 'freeze' | 'thaw'): Fault => ({
  takes: none,
  order: (_, story) => {
    const handle = newestOf(story, 'handle');
    return handle === undefined ? undefined : { what, handle };
  },
});

/** By name: `::fault kill-app`, `::fault kill dea`, `::fault freeze`, `::fault thaw`, `::fault memory 16`, `::fault drop dea.*.start`. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  /** SIGKILL to the job of the lesson's app. */
  'kill-app': {
    takes: none,
    order: (_, story) => {
      // Its name, or its number where the story begins behind the app's making.
      const { app = newestOf(story, 'app') } = valuesOf(story);
      return app === undefined ? undefined : { what: 'kill-app', app };
    },
  },
  /** SIGKILL to a component of the node that runs the app, or to control. */
  kill: {
    takes: ([role, ...more]) => ['dea', 'warden', 'control'].includes(role ?? '') && more.length === 0,
    order: ([role = ''], story) => {
      if (role === 'control') return { what: 'kill', proc: role };
      const at = story.findLast((e) => e.type === 'transition' && e.machine === 'instance')?.proc;
      return at === undefined ? undefined : { what: 'kill', proc: at.replace(/^dea/, role) };
    },
  },
  freeze: onContainer('freeze'),
  thaw: onContainer('thaw'),
  /** The limit of the app's container, in MiB. */
  memory: {
    takes: ([mib, ...more]) => Number.isInteger(Number(mib)) && Number(mib) >= 4 && more.length === 0,
    order: ([mib], story) => {
      const handle = newestOf(story, 'handle');
      return handle === undefined ? undefined : { what: 'memory', handle, bytes: Number(mib) * 2 ** 20 };
    },
  },
  /** The next message of this name is lost. */
  drop: {
    takes: ([name, ...more]) => name !== undefined && more.length === 0,
    order: ([name = '']) => ({ what: 'drop', name }),
  },
};

/** What the lab is to be told; undefined when there is nothing to hit yet. */
export function faultOrder({ name, args }: Call, story: readonly Entry[]): FaultOrder | undefined {
  return FAULTS[name]?.order(args, story);
}

/**
 * What the learner's step breaks by itself now: once, as soon as the flow has come to it and the record knows what to hit.
 * What it waits for is what the fault leads to.
 */
export function faultsDue({ step, reached }: Progress, answers: Answers, story: readonly Entry[]): FaultOrder[] {
  if (!reached || answers.broken.includes(step.id)) return [];
  const orders = step.faults.flatMap((fault) => faultOrder(fault, story) ?? []);
  return orders.length === step.faults.length ? orders : [];
}
