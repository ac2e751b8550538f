// Messages as the reader counts them: what was sent and what was received are one, a broadcast is one with its receivers.
// Read from the record alone, each entry once, however often it is asked. Which rows a diagram has: sequence-rows.ts.
import type { Entry, MessageBody } from './journal.ts';

/** One end of a message. `seq` is null for an end that is not ours and leaves no entry. */
export interface Arrival {
  lane: string;
  seq: number | null;
  dropped: boolean;
}

/** Where a message was held on its way: at the receiver, from `seq` until `opened`. */
export interface Hold {
  seq: number;
  gate: string;
  opened: number | null;
}

export interface Journey extends Pick<MessageBody, 'transport' | 'from' | 'name'> {
  /** Of its first entry: the name by which all views know it. */
  seq: number;
  /** Null where the sender is not ours. */
  sent: number | null;
  /** Lane of the sender. */
  lane: string;
  /** In the order in which they were recorded; empty for what nobody has received yet. */
  arrivals: Arrival[];
  holds: Hold[];
  run: string | null;
  background: boolean;
  inferred: boolean;
}

export interface Journeys {
  /** In the order in which each was first seen. */
  all: readonly Journey[];
  /** The message that this entry is an end or a hold of. */
  of(seq: number): Journey | undefined;
}

interface Memory {
  index: number;
  last: Entry | undefined;
  all: Journey[];
  bySeq: Map<number, Journey>;
  /** By app, the container of its newest instance: the router speaks to apps. */
  homes: Map<string, string>;
  /** By instance, its app. */
  apps: Map<string, string>;
}

const memories = new WeakMap<readonly Entry[], Memory>();

/** Every message of the record so far. The journeys grow as the record does; how far each was at a moment: `journeyState`. */
export function journeysOf(entries: readonly Entry[]): Journeys {
  let memory = memories.get(entries);
  // An array that was filled anew is another record.
  if (!memory || (memory.index > 0 && entries[memory.index - 1] !== memory.last)) {
    memory = { index: 0, last: undefined, all: [], bySeq: new Map(), homes: new Map(), apps: new Map() };
    memories.set(entries, memory);
  }
  for (; memory.index < entries.length; memory.index += 1) {
    const e = entries[memory.index];
    if (e) take(memory, e);
    memory.last = e;
  }
  const { all, bySeq } = memory;
  return { all, of: (seq) => bySeq.get(seq) };
}

export type JourneyState = 'travelling' | 'held' | 'received' | 'dropped';

/** How far a message was right after the entry `seq`. A broadcast counts as received from its first receiver on. */
export function journeyState(journey: Journey, seq: number): JourneyState {
  if (journey.holds.some((h) => h.seq <= seq && (h.opened === null || h.opened > seq))) return 'held';
  const arrived = journey.arrivals.filter((a) => a.seq === null || a.seq <= seq);
  if (arrived.some((a) => !a.dropped)) return 'received';
  return arrived.length > 0 ? 'dropped' : 'travelling';
}

/** The lanes of the sky, left to right, as on the stage; nodes and containers follow. */
export const SKY_LANES = ['you', 'router', 'cc', 'hm', 'nats'] as const;

const KINDS: Partial<Record<string, string>> = {
  you: 'you',
  client: 'you',
  cc: 'cc',
  uaa: 'cc',
  app: 'cc',
  router: 'router',
  route: 'router',
  hm: 'hm',
  nats: 'nats',
};

/**
 * `dea/0`, `container/17k`, `you`: the lane of an actor, process or endpoint. Null for what has none, such as a file.
 * @param proc of the entry, which names the node of actors that carry none themselves
 */
export function laneOf(name: string, proc: string): string | null {
  const [kind = '', id = ''] = name.split(/[:/]/);
  const node = proc.split('/')[1];
  switch (kind) {
    case 'dea':
    case 'warden':
      return /^\d+$/.test(id) ? `${kind}/${id}` : node === undefined ? null : `${kind}/${node}`;
    case 'instance':
    case 'staging-task':
      return node === undefined ? null : `dea/${node}`;
    case 'container':
    case 'wshd':
    case 'wshd-boot':
      return `container/${id}`;
    default:
      return KINDS[kind] ?? null;
  }
}

function take(memory: Memory, e: Entry): void {
  if (e.type === 'transition' && e.machine === 'instance') home(memory, e.actor, e.context);
  const journey = e.cause === null ? undefined : memory.bySeq.get(e.cause);
  if (e.type === 'gate' && journey) hold(memory, journey, e);
  // A fault that takes a message stands between its two ends.
  if (e.type === 'fault' && journey) memory.bySeq.set(e.seq, journey);
  if (e.type !== 'message') return;
  const same = journey?.name === e.name && journey.transport === e.transport && journey.sent !== null;
  if (e.phase === 'sent' || !same) begin(memory, e);
  else {
    journey.arrivals.push({ lane: endOf(memory, e, e.actor), seq: e.seq, dropped: e.phase === 'dropped' });
    journey.run ??= e.run;
    journey.inferred ||= e.inferred === true;
    memory.bySeq.set(e.seq, journey);
  }
}

type Message = Extract<Entry, { type: 'message' }>;

function begin(memory: Memory, e: Message): void {
  const mine = e.phase === 'sent';
  const journey: Journey = {
    seq: e.seq,
    transport: e.transport,
    from: e.from,
    name: e.name,
    sent: mine ? e.seq : null,
    lane: endOf(memory, e, e.from),
    arrivals: [],
    holds: [],
    run: e.run,
    background: e.background === true,
    inferred: e.inferred === true,
  };
  if (!mine) journey.arrivals.push({ lane: endOf(memory, e, e.to), seq: e.seq, dropped: e.phase === 'dropped' });
  else if (isForeign(e)) journey.arrivals.push({ lane: endOf(memory, e, e.to), seq: null, dropped: false });
  memory.all.push(journey);
  memory.bySeq.set(e.seq, journey);
}

/** What is sent to somebody who is not ours arrives without an entry. */
function isForeign(e: Message): boolean {
  return e.to === 'you' || e.to === 'client' || e.transport === 'proxy';
}

function hold(memory: Memory, journey: Journey, e: Extract<Entry, { type: 'gate' }>): void {
  memory.bySeq.set(e.seq, journey);
  if (e.phase === 'held') journey.holds.push({ seq: e.seq, gate: e.gate, opened: null });
  else for (const one of journey.holds) if (one.gate === e.gate) one.opened ??= e.seq;
}

function endOf(memory: Memory, e: Message, name: string): string {
  if (e.transport === 'proxy' && name !== 'router') {
    const handle = memory.homes.get(name.replace(/^app:/, ''));
    if (handle !== undefined) return `container/${handle}`;
  }
  // The lab's own client speaks for whoever it is: its process says which node.
  return laneOf(name, e.proc) ?? laneOf(e.proc, e.proc) ?? 'cc';
}

/** An instance says once which app it is, and later which container it got. */
function home({ apps, homes }: Memory, actor: string, context: Record<string, unknown>): void {
  if (typeof context.app === 'string') apps.set(actor, context.app);
  const app = apps.get(actor);
  if (app !== undefined && typeof context.handle === 'string') homes.set(app, context.handle);
}
