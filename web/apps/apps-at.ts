// The apps at one moment, from the record alone: what was asked for, how far staging and start have come, and which
// instances there are. Pure; what is shown of it is apps.ts.
import { topOf } from '../../machines/failure.ts';
import { type Fold, folding } from '../../machines/fold.ts';
import type { Entry, LogBody, MessageBody, TransitionBody } from '../../machines/journal.ts';

export interface InstanceNow {
  /** `instance:…` */
  actor: string;
  index: number;
  /** The original's state: STARTING, RUNNING, CRASHED, … */
  state: string;
  handle: string | null;
  /** `dea/0` */
  proc: string;
  /** The transition that brought it there. */
  seq: number;
  exitStatus: number | null;
  exitDescription: string | null;
}

export interface StagingNow {
  /** `staging-task:…` */
  actor: string;
  value: unknown;
  handle: string | null;
  /** `dea/0` */
  proc: string;
  seq: number;
}

export interface AppNow {
  guid: string;
  name: string;
  /** As the Cloud Controller's record said last; null where the journal has not seen it. */
  asked: {
    state: string | null;
    packageState: string | null;
    /** MB */
    memory: number | null;
    instances: number | null;
    /** The user's choice; null detects. */
    buildpack: string | null;
    detected: string | null;
    stack: string | null;
  };
  /** The app machine's value. */
  machine: unknown;
  /** Whether it was ever started: before that its files are on their way. */
  begun: boolean;
  staging: StagingNow | null;
  instances: InstanceNow[];
  uris: string[];
  /** The newest entry about it. */
  seq: number;
}

interface Apps {
  apps: Map<string, AppNow>;
  /** Which app an actor belongs to. */
  owners: Map<string, string>;
}

const fold: Fold<Apps> = {
  init: () => ({ apps: new Map(), owners: new Map() }),
  clone: ({ apps, owners }) => ({ apps: new Map(apps), owners: new Map(owners) }),
  take(all, e) {
    if (e.type === 'transition') moved(all, e);
    else if (e.type === 'effect' && e.name === 'createContainer' && e.phase === 'end')
      contained(all, e.actor, e.output);
    else if (e.type === 'message') told(all, e);
    else if (e.type === 'log' && e.source === 'API' && e.app) changed(all, e.app, e.text);
    else if (e.type === 'note' && e.actor === 'main') processBegan(all, e.text, e.data);
  },
};

const appsOf = folding(fold);

/** Every app that has not been deleted, in order of appearance. */
export function appsNow(entries: readonly Entry[], seq: number): AppNow[] {
  return [...appsOf(entries, seq).apps.values()].filter((app) => topOf(app.machine) !== 'deleted');
}

export type Phase =
  | 'created'
  | 'staging'
  | 'starting'
  | 'running'
  | 'partly'
  | 'crashed'
  | 'failed'
  | 'stopping'
  | 'stopped'
  | 'deleting';

/** Where the app stands, in one word that a reader knows. */
export function phaseOf(app: AppNow): Phase {
  const top = topOf(app.machine);
  const running = app.instances.filter((i) => i.state === 'RUNNING').length;
  if (top === 'deleting' || top === 'staging' || top === 'failed' || top === 'stopping') return top;
  if (top === 'started' || top === 'starting') {
    if (running >= (app.asked.instances ?? 1)) return 'running';
    if (app.instances.some((i) => i.state === 'STARTING' || i.state === 'BORN'))
      return running > 0 ? 'partly' : 'starting';
    if (running > 0) return 'partly';
    return app.instances.some((i) => i.state === 'CRASHED') ? 'crashed' : 'starting';
  }
  if (app.instances.some((i) => i.state === 'STOPPING')) return 'stopping';
  return app.begun ? 'stopped' : 'created';
}

/** What of a staging is under way, by the task's state. */
export function stagingStage(value: unknown): 'container' | 'app' | 'buildpack' | 'droplet' | 'end' {
  const top = topOf(value);
  if (top === 'setup' || top === 'answering') return 'container';
  if (top === 'uploading' || top === 'collecting') return 'droplet';
  if (top !== 'staging') return 'end';
  const inner = typeof value === 'object' && value !== null ? topOf(Object.values(value)[0]) : '';
  if (inner.startsWith('unpacking') || inner === 'spawning') return 'app';
  return inner === 'linked' ? 'buildpack' : 'droplet';
}

function appIn(all: Apps, guid: string): AppNow {
  const known = all.apps.get(guid);
  if (known) return known;
  const asked = { state: null, packageState: null, memory: null, instances: null };
  return {
    ...{ guid, name: guid, machine: null, begun: false, staging: null, instances: [], uris: [], seq: 0 },
    asked: { ...asked, buildpack: null, detected: null, stack: null },
  };
}

function set(all: Apps, guid: string, change: Partial<AppNow>): void {
  all.apps.set(guid, { ...appIn(all, guid), ...change });
}

function moved(all: Apps, e: Entry & TransitionBody): void {
  const { actor, machine, value, context, event, seq } = e;
  if (machine === 'app') {
    const guid = actor.slice('app:'.length);
    const begun = appIn(all, guid).begun || !['stopped', 'recalled'].includes(topOf(value));
    set(all, guid, { machine: value, begun, seq });
    return;
  }
  if (machine !== 'staging-task' && machine !== 'instance') return;
  if (event === 'xstate.init' && typeof context.app === 'string') all.owners.set(actor, context.app);
  const guid = all.owners.get(actor);
  if (guid === undefined) return;
  const app = appIn(all, guid);
  if (machine === 'staging-task') {
    const handle = typeof context.handle === 'string' ? context.handle : handleBefore(app.staging, actor);
    set(all, guid, { staging: topOf(value) === 'done' ? null : { actor, value, handle, proc: e.proc, seq }, seq });
  } else {
    set(all, guid, { instances: withInstance(app.instances, e), seq });
  }
}

function handleBefore(staging: StagingNow | null, actor: string): string | null {
  return staging?.actor === actor ? staging.handle : null;
}

/** One that is gone leaves the list; a crashed one stays until a new one takes its index. */
function withInstance(instances: readonly InstanceNow[], e: Entry & TransitionBody): InstanceNow[] {
  const { actor, context, value, proc, seq } = e;
  const known = instances.find((i) => i.actor === actor);
  const state = topOf(value);
  const gone = /"?(gone|reaped)"?/.test(JSON.stringify(value));
  const index = typeof context.index === 'number' ? context.index : (known?.index ?? 0);
  const others = instances.filter((i) => i.actor !== actor && !(i.index === index && i.state === 'CRASHED'));
  if (gone) return instances.filter((i) => i.actor !== actor);
  const kept = <T>(key: string, before: T | null | undefined, is: (v: unknown) => v is T): T | null => {
    const now = context[key];
    return is(now) ? now : now === null ? null : (before ?? null);
  };
  const one: InstanceNow = {
    ...{ actor, index, state, proc },
    handle: kept('handle', known?.handle, isText),
    seq: known?.state === state ? known.seq : seq,
    exitStatus: kept('exitStatus', known?.exitStatus, isNumber),
    exitDescription: kept('exitDescription', known?.exitDescription, isText),
  };
  return [...others, one].sort((a, b) => a.index - b.index || a.seq - b.seq);
}

/** A DEA that is started anew knows nothing: what lives on it is adopted and says so; the rest ended with its process. */
function processBegan(all: Apps, text: string, data: unknown): void {
  const proc = recordOf(data)?.proc;
  if (!/was started/.test(text) || !isText(proc) || !proc.startsWith('dea/')) return;
  for (const [guid, app] of all.apps) {
    const instances = app.instances.filter((i) => i.proc !== proc);
    const staging = app.staging?.proc === proc ? null : app.staging;
    if (instances.length < app.instances.length || staging !== app.staging) set(all, guid, { instances, staging });
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';

function contained(all: Apps, actor: string, output: unknown): void {
  const guid = all.owners.get(actor);
  const handle = recordOf(output)?.handle;
  if (guid === undefined || !isText(handle)) return;
  const app = appIn(all, guid);
  if (app.staging?.actor === actor) set(all, guid, { staging: { ...app.staging, handle } });
  else set(all, guid, { instances: app.instances.map((i) => (i.actor === actor ? { ...i, handle } : i)) });
}

const ABOUT_APPS = /^20\d (GET|POST|PUT) \/v2\/apps(\/:guid(\/restage)?)?$/;

/** The Cloud Controller's own answers about an app, and routes as DEAs register them. */
function told(all: Apps, e: Entry & MessageBody): void {
  const payload = recordOf(e.payload);
  if (!payload) return;
  if (e.transport === 'nats' && e.phase === 'sent' && /^router\.(un)?register$/.test(e.name)) {
    routed(all, e.name, payload);
  }
  if (e.from !== 'cc' || e.transport !== 'http' || !ABOUT_APPS.test(e.name)) return;
  const body = recordOf(payload.body);
  const list = Array.isArray(body?.resources) ? body.resources : [body];
  for (const resource of list) {
    const guid = recordOf(recordOf(resource)?.metadata)?.guid;
    const entity = recordOf(recordOf(resource)?.entity);
    if (!isText(guid) || !entity || !isText(entity.name)) continue;
    const app = appIn(all, guid);
    // A record that was read before the app was made known is not a new app.
    if (!all.apps.has(guid) && e.name.startsWith('200')) continue;
    const pick = <T>(key: string, is: (v: unknown) => v is T): T | null => (is(entity[key]) ? entity[key] : null);
    set(all, guid, {
      name: entity.name,
      asked: {
        state: pick('state', isText),
        packageState: pick('package_state', isText),
        memory: pick('memory', isNumber),
        instances: pick('instances', isNumber),
        buildpack: pick('buildpack', isText),
        detected: pick('detected_buildpack', isText) ?? app.asked.detected,
        stack: app.asked.stack,
      },
      seq: e.seq,
    });
  }
}

function routed(all: Apps, name: string, { app, uris }: Record<string, unknown>): void {
  if (!isText(app) || app === '' || !Array.isArray(uris)) return;
  const hosts = uris.filter(isText);
  const others = appIn(all, app).uris.filter((uri) => !hosts.includes(uri));
  if (all.apps.has(app)) set(all, app, { uris: name === 'router.register' ? [...others, ...hosts] : others });
}

/** `Updated app with guid … ({"instances":2})`: known before the answer, which may be held for long. */
function changed(all: Apps, guid: string, text: string): void {
  const change = /^Updated app with guid \S+ \((\{.*\})\)$/.exec(text)?.[1];
  const known = all.apps.get(guid);
  if (!change || !known) return;
  const said = recordOf(parsed(change)) ?? {};
  const { asked } = known;
  set(all, guid, {
    asked: {
      ...asked,
      state: isText(said.state) ? said.state : asked.state,
      memory: isNumber(said.memory) ? said.memory : asked.memory,
      instances: isNumber(said.instances) ? said.instances : asked.instances,
      buildpack: 'buildpack' in said ? (isText(said.buildpack) ? said.buildpack : null) : asked.buildpack,
    },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export type AppLine = Entry & LogBody;

const lines = new WeakMap<readonly Entry[], { read: number; last: Entry | undefined; byApp: Map<string, AppLine[]> }>();

/** The log lines of one app up to the cursor, oldest first: staging, instances and the API's own. */
export function linesOf(entries: readonly Entry[], seq: number, app: string): readonly AppLine[] {
  let known = lines.get(entries);
  if (!known || (known.read > 0 && entries[known.read - 1] !== known.last)) {
    known = { read: 0, last: undefined, byApp: new Map() };
    lines.set(entries, known);
  }
  for (; known.read < entries.length; known.read += 1) {
    const e = entries[known.read];
    known.last = e;
    if (e?.type !== 'log' || !e.app) continue;
    const own = known.byApp.get(e.app);
    if (own) own.push(e);
    else known.byApp.set(e.app, [e]);
  }
  const all = known.byApp.get(app) ?? [];
  if ((all.at(-1)?.seq ?? 0) <= seq) return all;
  return all.slice(0, all.findLastIndex((line) => line.seq <= seq) + 1);
}
