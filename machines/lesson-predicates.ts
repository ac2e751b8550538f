// The named predicates that lessons speak of: pure questions to the record. `story` is what happened since the
// lesson began, without periodic entries. A lesson has no other words for facts.

import { field } from './field.ts';
import type { Entry, MessageBody } from './journal.ts';
import type { Call } from './lesson.ts';
import { inState, isAnswer, isLimit, messages, mountsOf, moves, type Of, type Story, steps } from './lesson-record.ts';
import { valuesOf } from './lesson-values.ts';

type Predicate = (story: Story, ...args: string[]) => boolean;

/** Every predicate by its name. `…` in the comment stands for the words behind the name. */
export const PREDICATES = {
  /** The learner's push has begun: its first request, whatever it asks for, has come to the Cloud Controller. */
  pushed: (story) => messages(story).some((m) => m.transport === 'http' && m.from === 'you' && m.to === 'cc'),
  /** The Cloud Controller has the app's files. */
  'bits-arrived': (story) =>
    messages(story).some((m) => m.name === 'PUT /v2/apps/:guid/bits' && m.phase === 'received'),
  /** The app's machine has entered `staging`: bits are there, STARTED is wanted. */
  'start-wanted': (story) => moves(story, 'app').some((t) => inState(t.value, 'staging')),
  /** A DEA was asked for something by the Cloud Controller; `staging.stop`, a broadcast, asks nobody in particular. */
  'dea-asked': (story) => firstOrder(story) !== undefined,
  /** The first such request was … (stage, start, create). */
  'first-order': (story, what = '') => firstOrder(story) === what,
  /** A DEA has asked its Warden for a container. */
  'warden-asked': (story) => messages(story).some((m) => m.name === 'CreateRequest' && m.phase === 'received'),
  /** A boot or job step … has returned without an error. */
  'step-done': (story, name) => steps(story).some((s) => s.name === name && s.when === 'after' && (s.result ?? 0) >= 0),
  /** The process is about to make the call … of its boot, or has made it. */
  'step-reached': (story, name) => storyOfStep(story, name ?? '') !== undefined,
  /** What the process saw at / just before pivot_root was … (host, container, nothing), by its own mount table. */
  'floor-was': (story, whose = '') => floorBeforePivot(story) === whose,
  /** The old root is gone, and no sample of the process shows a mount under it any more. */
  'host-floor-gone': (story) => {
    const unmounted = steps(story).find((s) => s.name === 'umount_old' && s.when === 'after' && (s.result ?? -1) >= 0);
    const old = valuesOf(story).put_old;
    if (!unmounted || !old) return false;
    const left = mountsOf(story.filter((e) => e.type === 'kernel' && e.handle === unmounted.handle));
    return ![...left.keys()].some((path) => path === old || path.startsWith(`${old}/`));
  },
  /** The Cloud Controller has answered the PUT that asked for STARTED. */
  'put-answered': (story) => {
    const wanted = story.find((e) => e.type === 'transition' && e.machine === 'app' && inState(e.value, 'staging'));
    const is = (m: MessageBody) => m.phase === 'sent' && /^20\d PUT \/v2\/apps\/:guid$/.test(m.name);
    return wanted !== undefined && messages(story).some((m) => m.seq > wanted.seq && is(m));
  },
  /** A line of the buildpack script bin/… has run (detect, compile, release). */
  'script-ran': (story, name) => story.some((e) => e.type === 'script' && e.file.endsWith(`bin/${name}`)),
  /** The droplet has its name. */
  'droplet-named': (story) => valuesOf(story).sha1 !== undefined,
  /** An instance is on its way to run. */
  'instance-starting': (story) => moves(story, 'instance').some((t) => inState(t.value, 'STARTING')),
  /** The first instance was told to start by … (cc, hm), or by nobody but its own DEA (self). */
  'started-by': (story, who = '') => {
    const first = moves(story, 'instance').find((t) => inState(t.value, 'STARTING'));
    if (!first) return false;
    const order = messages(story).find((m) => m.seq < first.seq && /^dea\..+\.start$/.test(m.name));
    const asked = messages(story).some((m) => m.seq < first.seq && m.name === 'hm9000.start');
    return who === (asked ? 'hm' : order ? 'cc' : 'self');
  },
  /** … containers were made so far. */
  'containers-made': (story, count) => madeContainers(story).size === Number(count),
  /** At least … containers were made so far. */
  'containers-begun': (story, count) => madeContainers(story).size >= Number(count),
  /** Warden has given a container its port. */
  'port-given': (story) => valuesOf(story).port !== undefined,
  /** An instance is RUNNING. */
  running: (story) => moves(story, 'instance').some((t) => inState(t.value, 'RUNNING')),
  /** The router has heard where the app is. */
  'route-registered': (story) => messages(story).some((m) => m.name === 'router.register' && m.phase === 'received'),
  /** The app itself has answered a request through the router. */
  'app-answered': (story) => messages(story).some(isAnswer),
  /** The app has answered a request for the path …. */
  'app-told': (story, path) => messages(story).some((m) => isAnswer(m) && m.name.endsWith(` GET ${path}`)),
  /** An instance that was RUNNING has ended, and nobody had asked for it. */
  crashed: (story) => crash(story) !== undefined,
  /** After such an end another instance runs. */
  returning: (story) => {
    const fallen = crash(story);
    return moves(story, 'instance').some(
      (t) => fallen !== undefined && t.seq > fallen.seq && t.actor !== fallen.actor && inState(t.value, 'RUNNING'),
    );
  },
  /** After such an end: index 0 runs again in another container, and the container of old is destroyed. */
  returned: (story) => {
    const fallen = crash(story);
    if (!fallen) return false;
    const again = moves(story, 'instance').find(
      (t) => t.seq > fallen.seq && t.actor !== fallen.actor && inState(t.value, 'RUNNING'),
    );
    const old = handleOfInstance(story, fallen.actor);
    const fresh = again && handleOfInstance(story, again.actor);
    return old !== undefined && fresh !== undefined && fresh !== old && thrownAway(story) !== undefined;
  },
  /** After such an end the container of old is destroyed. */
  'thrown-away': (story) => thrownAway(story) !== undefined,
  /** Warden was asked for a limit of memory. */
  'memory-limited': (story) => messages(story).some(isLimit),
  /** … and once more for a container whose app was RUNNING already. */
  'memory-limited-later': (story) => limitLater(story) !== undefined,
  /** warden was killed, and an app in one of its containers answered afterwards. */
  'outlived-warden': (story) => outlived(story) !== undefined,
  /** The learner's app is being deleted, or is gone. */
  'app-deleted': (story) => {
    const mine = moves(story, 'app').find((t) => !inState(t.value, 'deleting'));
    return moves(story, 'app').some((t) => t.actor === mine?.actor && inState(t.value, 'deleting'));
  },
  /** The lab was emptied: apps, gates and breakpoints are gone. */
  'lab-reset': (story) => story.some((e) => e.type === 'note' && e.text === 'the lab is reset'),
  /** Nothing of the others is true: the last row of a list. */
  always: () => true,
} satisfies Record<string, Predicate>;

const BY_NAME: Readonly<Record<string, Predicate>> = PREDICATES;

/** True when the record says so; an unknown name is never true (`lessons:check` refuses it). */
export function holds(story: Story, { name, args }: Call): boolean {
  return BY_NAME[name]?.(story, ...args) ?? false;
}

/** The one entry that shows why a predicate is true, for those that have one; the others show nothing. */
export function evidenceOf(story: Story, { name, args }: Call): Entry | undefined {
  if (name === 'dea-asked') return story.find((e) => e.type === 'message' && orderOf(e.name) !== undefined);
  if (name === 'memory-limited') return messages(story).find(isLimit);
  if (name === 'memory-limited-later') return limitLater(story);
  if (name === 'outlived-warden') return outlived(story);
  if (name === 'script-ran') return story.find((e) => e.type === 'script' && e.file.endsWith(`bin/${args[0]}`));
  if (name === 'containers-begun')
    return moves(story, 'container').filter((t) => t.event === 'create')[Number(args[0]) - 1];
  if (name === 'thrown-away') return thrownAway(story);
  if (name === 'warden-asked') return messages(story).find((m) => m.name === 'CreateRequest');
  if (name === 'step-done') return steps(story).find((s) => s.name === args[0] && s.when === 'after');
  if (name === 'app-told') return messages(story).find((m) => isAnswer(m) && m.name.endsWith(` GET ${args[0]}`));
  if (name === 'instance-starting') return moves(story, 'instance').find((t) => inState(t.value, 'STARTING'));
  const fallen = name === 'returned' ? crash(story) : undefined;
  if (!fallen) return undefined;
  return messages(story).find((m) => m.seq > fallen.seq && /^dea\..+\.start$/.test(m.name));
}

/** stage, start or create: the first thing that one DEA (or a Warden) was asked for on the way from the Cloud Controller. */
function firstOrder(story: Story): string | undefined {
  for (const { name } of messages(story)) {
    const order = orderOf(name);
    if (order !== undefined) return order;
  }
  return undefined;
}

function orderOf(name: string): string | undefined {
  if (/^staging\..+\.start$/.test(name)) return 'stage';
  if (/^dea\..+\.start$/.test(name)) return 'start';
  return name === 'CreateRequest' ? 'create' : undefined;
}

/** Where the boot has come to a call: the gate before it, else its end. */
function storyOfStep(story: Story, name: string): { seq: number; handle: string | undefined } | undefined {
  for (const e of story) {
    if (e.type === 'step' && e.name === name) return e;
    if (e.type === 'gate' && e.phase === 'held' && e.point.kind === 'step' && e.point.name === name)
      return { seq: e.seq, handle: e.point.handle };
  }
  return undefined;
}

function floorBeforePivot(story: Story): 'host' | 'container' | 'nothing' | undefined {
  const pivot = storyOfStep(story, 'pivot_root');
  const samples = story.filter((e) => e.type === 'kernel' && e.handle === pivot?.handle && e.seq < (pivot?.seq ?? 0));
  if (!pivot || samples.length === 0) return undefined;
  const root = mountsOf(samples).get('/');
  if (root === undefined) return 'nothing';
  // The container's own root is the overlay that wshd has mounted; anything else at / came with the clone.
  const overlay = steps(story).some((s) => s.name === 'overlay' && s.handle === pivot.handle);
  return overlay && field(root, 'type') === 'overlay' && field(root, 'source') === 'overlay' ? 'container' : 'host';
}

function madeContainers(story: Story): Set<string> {
  return new Set(moves(story, 'container').flatMap((t) => (t.event === 'create' ? [t.actor] : [])));
}

function crash(story: Story): Of<'transition'> | undefined {
  const all = moves(story, 'instance');
  return all.find(
    (t, i) =>
      inState(t.value, 'CRASHED') && all.slice(0, i).some((b) => b.actor === t.actor && inState(b.value, 'RUNNING')),
  );
}

/** What says that the container of an app that has ended is gone. */
function thrownAway(story: Story): Of<'transition'> | undefined {
  const fallen = crash(story);
  const old = fallen && handleOfInstance(story, fallen.actor);
  return moves(story, 'container').find((t) => t.actor === `container:${old}` && inState(t.value, 'destroyed'));
}

function outlived(story: Story): Of<'message'> | undefined {
  const killed = story.find((e) => e.type === 'fault' && e.what === 'kill' && e.target.startsWith('warden'));
  return killed && messages(story).find((m) => m.seq > killed.seq && isAnswer(m));
}

function limitLater(story: Story): Of<'message'> | undefined {
  const running = moves(story, 'instance').filter((t) => inState(t.value, 'RUNNING'));
  const isLate = (m: MessageBody & { seq: number }) =>
    running.some((t) => t.seq < m.seq && handleOfInstance(story, t.actor) === field(m.payload, 'handle'));
  return messages(story).find((m) => isLimit(m) && isLate(m));
}

function handleOfInstance(story: Story, actor: string): string | undefined {
  const known = moves(story, 'instance').find((t) => t.actor === actor && typeof t.context.handle === 'string');
  return known && String(known.context.handle);
}
