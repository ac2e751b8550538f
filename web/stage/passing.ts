// The messages on the stage: those on their way, the last of each path, and how many have passed. Each message once.
import type { Entry, GateBody, MessageBody } from '../../machines/journal.ts';
import { entryAt } from '../../machines/projection.ts';
import type { Bead, PathPart } from './parts.ts';
import { endOf, pathOf, placeOfName } from './places.ts';

type Message = MessageBody & { seq: number; proc: string; cause: number | null };

interface Origin {
  seq: number;
  path: string;
  forward: boolean;
  from: string;
  name: string;
  transport: string;
}

/** Values are replaced, never changed. */
export interface Passing {
  paths: Map<string, PathPart>;
  /** Of the newest messages: the bead and its path, by the `seq` of its `sent` and of the gates at which it was held. */
  origins: Map<number, Origin>;
}

/** How many messages are remembered to find what was received again. */
const REMEMBERED = 600;
const FLYING = 12;

export function takeMessage(state: Passing, e: Message): void {
  if (e.background) return;
  const origin = e.cause === null ? undefined : state.origins.get(e.cause);
  const same = origin && origin.name === e.name && origin.transport === e.transport ? origin : undefined;
  if (same && e.phase !== 'sent') {
    arrived(state, e, same);
    return;
  }
  // One more who receives a broadcast that is no longer remembered is no new message.
  if (e.phase === 'received' && e.transport === 'nats' && e.from === 'nats' && e.cause !== null) return;
  const bead = beadOf(e) ?? (origin ? answerTo(origin, e) : null);
  if (!bead) return;
  const { path, forward, from } = bead;
  remember(state, e.seq, { seq: e.seq, path, forward, from, name: e.name, transport: e.transport });
  const known = state.paths.get(bead.path);
  const flying = [...(known?.flying ?? []), ...(bead.state === 'travelling' ? [bead] : [])].slice(-FLYING);
  state.paths.set(bead.path, { path: bead.path, passed: (known?.passed ?? 0) + 1, last: bead, flying });
}

/** What is held on its way is still on its way: the gate stands for its `sent`. */
export function takeGate(state: Passing, e: GateBody & { seq: number; cause: number | null }): void {
  const origin = e.cause === null ? undefined : state.origins.get(e.cause);
  if (!origin) return;
  remember(state, e.seq, origin);
  const path = state.paths.get(origin.path);
  const flying = path?.flying.map((bead) => (bead.seq === origin.seq ? { ...bead, held: e.phase === 'held' } : bead));
  if (path && flying) state.paths.set(path.path, { ...path, flying });
}

/** Entries after which a published message that nobody has received is taken as one that nobody subscribes to. */
const NOBODY = 60;

/** The paths as they are at `now`. */
export function pathsAt({ paths }: Passing, now: number): PathPart[] {
  return [...paths.values()].map((path) => {
    const lost = ({ seq, held }: Bead) => !held && path.path.startsWith('nats:') && now - seq > NOBODY;
    return path.flying.some(lost) ? { ...path, flying: path.flying.filter((bead) => !lost(bead)) } : path;
  });
}

function remember({ origins }: Passing, seq: number, origin: Origin) {
  origins.set(seq, origin);
  if (origins.size <= REMEMBERED) return;
  const [oldest] = origins.keys();
  if (oldest !== undefined) origins.delete(oldest);
}

function arrived(state: Passing, e: Message, origin: Origin): void {
  // What is answered follows from here.
  remember(state, e.seq, origin);
  const { paths } = state;
  const path = paths.get(origin.path);
  if (!path) return;
  const at = placeOfName(e.actor, e.proc);
  const come = (bead: Bead): Bead => ({
    ...bead,
    state: e.phase === 'dropped' ? 'dropped' : 'received',
    to: at && at !== bead.from && !bead.to.includes(at) ? [...bead.to, at] : bead.to,
  });
  paths.set(path.path, {
    ...path,
    last: path.last.seq === origin.seq ? come(path.last) : path.last,
    flying: path.flying.filter((bead) => bead.seq !== origin.seq),
  });
}

function beadOf(e: Message): Bead | null {
  const path = pathOf(e);
  if (!path) return null;
  const state = e.phase === 'sent' && !foreignEnd(e) ? 'travelling' : e.phase === 'dropped' ? 'dropped' : 'received';
  const [from, to] = [endOf(e, 'from') ?? '', endOf(e, 'to')];
  return { seq: e.seq, ...path, name: e.name, state, from, to: to === null || to === 'nats' ? [] : [to] };
}

/** Who asks over a connection that does not say who it is gets its answer on the path of the question. */
function answerTo({ path, forward, from, name, transport }: Origin, e: Message): Bead | null {
  if (e.phase !== 'sent' || transport !== e.transport || !e.name.endsWith(` ${name}`)) return null;
  const here = placeOfName(e.from, e.proc) ?? '';
  return { seq: e.seq, path, forward: !forward, name: e.name, state: 'travelling', from: here, to: [from] };
}

/** Neither the client nor what is in a container is ours: what they are sent has no entry of arrival. */
function foreignEnd(e: MessageBody): boolean {
  return e.to === 'you' || e.to === 'client' || e.transport === 'proxy';
}

/**
 * The message that an entry is about, whatever has passed since: a `sent`, a `received` (with the one who received it) or
 * a gate that holds one. Null for any other entry.
 */
export function beadAt(entries: readonly Entry[], seq: number): Bead | null {
  const e = entryAt(entries, seq);
  if (!e || (e.type !== 'message' && e.type !== 'gate')) return null;
  const origin =
    e.type === 'message' && e.phase === 'sent' ? e : sentBefore(entries, e, e.type === 'gate' ? null : e.name);
  const own = e.type === 'message' ? beadOf(e) : null;
  const first = origin ? (beadOf(origin) ?? answerOf(entries, origin)) : null;
  if (!first || e.type === 'gate' || e.phase === 'sent') return first ?? own;
  const at = placeOfName(e.actor, e.proc);
  return { ...first, state: e.phase, to: at === null ? first.to : [at] };
}

/** The `sent` that led to an entry: of a message of this name, or of any. */
function sentBefore(entries: readonly Entry[], e: Entry, name: string | null): (Message & Entry) | null {
  let at = e.cause === null ? undefined : entryAt(entries, e.cause);
  for (let hops = 0; at && hops < 4; hops++) {
    if (at.type === 'message' && at.phase === 'sent' && (name === null || at.name === name)) return at;
    if (at.type !== 'message' && at.type !== 'gate') return null;
    at = at.cause === null ? undefined : entryAt(entries, at.cause);
  }
  return null;
}

function answerOf(entries: readonly Entry[], e: Message & Entry): Bead | null {
  const asked = e.cause === null ? undefined : entryAt(entries, e.cause);
  if (asked?.type !== 'message') return null;
  const question = sentBefore(entries, asked, asked.name);
  const bead = question && beadOf(question);
  return bead ? answerTo({ ...bead, transport: question.transport }, e) : null;
}
