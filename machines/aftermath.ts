// What became of a push under which a process died, as a fold of the record: each push that was under way gets a word of
// the death and, later, one of its end. Which words are owed is decided here; saying them is server/debugger/aftermath.ts.
import type { Entry } from './journal.ts';

/** A note that some push's record still lacks. */
export interface Word {
  /** The entry that it follows from; with the run, its name. */
  cause: number;
  run: string;
  text: string;
  data: { app: string; outcome?: Outcome };
}

/** `RECOVERED`: a new Cloud Controller calls it FAILED, but its droplet may still arrive. */
export type Outcome = 'RUNNING' | 'FAILED' | 'RECOVERED';

/** One start, restage or staging of an app, from its first command to an instance that runs or a reason why none does. */
interface Story {
  run: string;
  app: string;
  underWay: boolean;
  /** Processes that have worked on it. */
  procs: Set<string>;
  /** Those that have died meanwhile, and those that are not back yet. */
  deaths: string[];
  down: Set<string>;
  problem: string;
  /** Its newest entry. */
  last: number;
  /** The entry with which it failed. */
  failed?: { seq: number; t: number };
}

/** A push fails as soon as a socket closes; whose death that was the supervisor may say so much later, real milliseconds. */
const SAID_LATE_MS = 1000;

/** What the supervisor has said of a process, and when (`t` of the entry). */
interface Death {
  proc: string;
  seq: number;
  text: string;
  t: number;
}

export interface Aftermath {
  /** By app: its newest story. */
  stories: Map<string, Story>;
  /** By process: its newest death. */
  deaths: Map<string, Death>;
  /** App and index by actor of an instance. */
  instances: Map<string, { app: string; index: number }>;
  owed: Map<string, Word>;
}

export const noAftermath = (): Aftermath => ({
  stories: new Map(),
  deaths: new Map(),
  instances: new Map(),
  owed: new Map(),
});

export const wordKey = ({ cause, run }: Pick<Word, 'cause' | 'run'>): string => `${cause} ${run}`;

/** Takes the next entry into `all`, changing it. */
export function takeAftermath(all: Aftermath, e: Entry): void {
  if (e.proc === 'journal' && e.type === 'note' && e.cause !== null && e.run !== null)
    said(all, e.cause, e.run, e.data);
  for (const story of all.stories.values()) {
    if (e.run !== story.run || !story.underWay) continue;
    story.last = e.seq;
    joins(all, story, e);
  }
  if (e.type === 'note' && e.actor === 'main') lived(all, e);
  else if (e.type === 'transition' && e.machine === 'app') appMoved(all, e);
  else if (e.type === 'transition' && e.machine === 'instance') instanceMoved(all, e);
}

/** What a new Cloud Controller's recovery owes to the runs of these apps. */
export function recoveredWords(all: Aftermath, apps: readonly string[]): Word[] {
  return apps.flatMap((app) => {
    const story = all.stories.get(app);
    if (!story?.underWay) return [];
    const text = 'the Cloud Controller was restarted while staging: FAILED, unless the droplet still arrives';
    return [{ cause: story.last, run: story.run, text, data: { app, outcome: 'RECOVERED' } }];
  });
}

type Moved = Extract<Entry, { type: 'transition' }>;

const BEGINS = ['start', 'stage', 'scale'];

function appMoved(all: Aftermath, e: Moved): void {
  const { stories, owed } = all;
  const app = e.actor.replace(/^app:/, '');
  const at = stateOf(e.value);
  let story = stories.get(app);
  const goesOn = story?.underWay && story.run === e.run && !BEGINS.includes(e.event);
  if ((at === 'staging' || at === 'starting') && e.run !== null && !goesOn) {
    story = {
      run: e.run,
      app,
      underWay: true,
      procs: new Set(),
      down: new Set(),
      deaths: [],
      problem: '',
      last: e.seq,
    };
    stories.set(app, story);
    joins(all, story, e);
  }
  if (!story?.underWay) return;
  if (at === 'stopping' || at === 'deleting') story.underWay = false;
  // A machine that a new Cloud Controller has made from its record belongs to no run.
  if (e.run !== story.run) return;
  if ('problem' in e.context) story.problem = problemIn(e.context.problem);
  if (at !== 'failed' && at !== 'stopped') return;
  story.underWay = false;
  if (at === 'stopped' && !story.problem) return;
  story.failed = { seq: e.seq, t: e.t };
  oweFailure(owed, story, e.seq);
}

function instanceMoved({ stories, instances, owed }: Aftermath, e: Moved): void {
  const { app, index } = e.context;
  if (typeof app === 'string' && typeof index === 'number') instances.set(e.actor, { app, index });
  const one = instances.get(e.actor);
  const story = one && stories.get(one.app);
  if (!one || !story?.underWay || stateOf(e.value) !== 'RUNNING') return;
  story.underWay = false;
  owe(owed, story, e.seq, 'RUNNING', `this push came through: instance ${one.index} is RUNNING on ${e.proc}`);
}

/** The supervisor tells of deaths and starts. A start without a death before it: the supervisor had died as well. */
function lived(all: Aftermath, { seq, text, data, t }: Extract<Entry, { type: 'note' }>): void {
  const proc = procIn(data);
  const [, verb] = / (died|was started)\b/.exec(text) ?? [];
  if (proc === undefined || verb === undefined) return;
  const death = { proc, seq, text, t };
  if (verb === 'died') all.deaths.set(proc, death);
  for (const story of all.stories.values()) {
    if (!concerns(story, proc)) continue;
    const { failed } = story;
    if (!story.underWay && verb === 'died' && failed && t - failed.t <= SAID_LATE_MS) {
      diesUnder(all.owed, story, death);
      oweFailure(all.owed, story, failed.seq);
    }
    if (!story.underWay) continue;
    const known = story.down.delete(proc);
    if (verb === 'died') story.down.add(proc);
    else if (known) continue;
    diesUnder(all.owed, story, death);
  }
}

/** Works on a push. What a process has sent up just before its death may be admitted after the word of that. */
function joins({ deaths, owed }: Aftermath, story: Story, { proc, t }: Entry): void {
  if (story.procs.has(proc)) return;
  const before = [...deaths.values()].filter((death) => !concerns(story, death.proc));
  story.procs.add(proc);
  for (const death of before) if (t <= death.t && concerns(story, death.proc)) diesUnder(owed, story, death);
}

function diesUnder(owed: Aftermath['owed'], story: Story, { proc, seq, text }: Death): void {
  story.deaths.push(proc);
  const [what] = text.split(' and is started');
  keep(owed, { cause: seq, run: story.run, text: `${what} while this push was under way`, data: { app: story.app } });
}

/** A node is a pair: what its DEA has begun needs its Warden. */
const concerns = ({ procs }: Story, proc: string): boolean =>
  procs.has(proc) || (proc.startsWith('warden/') && procs.has(proc.replace('warden', 'dea')));

function oweFailure(owed: Aftermath['owed'], story: Story, seq: number): void {
  owe(owed, story, seq, 'FAILED', `this push FAILED: ${story.problem}`);
}

function owe(owed: Aftermath['owed'], story: Story, cause: number, outcome: Outcome, what: string): void {
  if (story.deaths.length === 0) return;
  const text = `${what}; ${[...new Set(story.deaths)].join(' and ')} died on its way`;
  keep(owed, { cause, run: story.run, text, data: { app: story.app, outcome } });
}

const keep = (owed: Aftermath['owed'], word: Word) => void owed.set(wordKey(word), word);

/** A word of ours is in the record: nothing is owed for it any more. */
function said({ stories, owed }: Aftermath, cause: number, run: string, data: unknown): void {
  owed.delete(wordKey({ cause, run }));
  const { app, outcome } = (data ?? {}) as Partial<Word['data']>;
  const story = app === undefined ? undefined : stories.get(app);
  if (outcome === 'RECOVERED') story?.deaths.push('control');
}

function stateOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? (Object.keys(value)[0] ?? '') : '';
}

function problemIn(problem: unknown): string {
  const shaped = typeof problem === 'object' && problem !== null && 'message' in problem;
  return shaped ? String(problem.message) : '';
}

function procIn(data: unknown): string | undefined {
  const shaped = typeof data === 'object' && data !== null && 'proc' in data;
  return shaped ? String(data.proc) : undefined;
}
