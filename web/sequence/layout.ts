// Where everything in the sequence diagram stands, as numbers and texts. Pure: no DOM, no model.

import { type Journey, journeyState } from '../../machines/sequence.ts';
import type { Lane, SequenceRow } from '../../machines/sequence-rows.ts';
import type { Language } from '../model.ts';
import { say } from './words.ts';

/** Height of a row and of the heads of the lanes, width of the numbers, pixels. */
export const ROW = 30;
export const HEAD = 78;
const NUMBERS = 42;
/** Below this a lane's arrowheads touch: the diagram then scrolls sideways. */
const NARROWEST = 24;
/** Width of a character of 12 px monospaced text, pixels; a little generous. */
const CHARACTER = 7.3;

export interface Columns {
  lanes: Lane[];
  /** Middle of each lane. */
  x: Map<string, number>;
  width: number;
  pitch: number;
}

export function columnsOf(lanes: Lane[], room: number): Columns {
  const pitch = Math.max(NARROWEST, Math.floor((room - NUMBERS - 8) / Math.max(1, lanes.length)));
  const x = new Map(lanes.map((lane, i) => [lane.id, NUMBERS + Math.round(pitch * (i + 0.5))]));
  return { lanes, x, pitch, width: Math.max(room, NUMBERS + pitch * lanes.length + 8) };
}

/** A text beside `from`, over the arrow: to the right of it where it fits, else against the right edge. */
export interface Label {
  x: number;
  text: string;
}

export function labelAt(from: number, text: string, columns: Columns): Label {
  const most = Math.floor((columns.width - NUMBERS - 8) / CHARACTER);
  const characters = [...text];
  const shown = characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
  const width = Math.min(characters.length, most) * CHARACTER;
  return { text: shown, x: Math.max(NUMBERS + 2, Math.min(from, columns.width - width - 6)) };
}

export interface Arrow {
  from: number;
  /** Heads: one for each receiver. */
  to: number[];
  /** Leftmost and rightmost end of its line. */
  left: number;
  right: number;
  /** Sender and receiver are one lane: a loop. */
  loop: boolean;
}

/** An arrow to all who have received; of what nobody has received yet to where it goes, as far as that is known. */
export function arrowOf(journey: Journey, columns: Columns): Arrow {
  const at = (lane: string) => columns.x.get(lane) ?? columns.x.get('cc') ?? 0;
  const from = at(journey.lane);
  const lanes = journey.arrivals.map((a) => a.lane);
  const to = (lanes.length > 0 ? lanes : [journey.transport === 'nats' ? 'nats' : journey.lane]).map(at);
  const ends = [from, ...to];
  return { from, to, left: Math.min(...ends), right: Math.max(...ends), loop: to.every((x) => x === from) };
}

const TRANSPORTS = { http: 'HTTP', nats: 'NATS', warden: 'Warden', wsh: 'wsh', proxy: 'proxy' } as const;

/** `NATS staging.stop`: how it goes in a word, and its name with generated ids cut short. */
export function journeyText({ transport, name }: Pick<Journey, 'transport' | 'name'>): string {
  return `${TRANSPORTS[transport]} ${shortName(name)}`;
}

export function transportWord(transport: Journey['transport']): string {
  return TRANSPORTS[transport];
}

export function shortName(name: string): string {
  return name.replace(/[0-9a-f]{16,}/g, (id) => `${id.slice(0, 4)}…`);
}

/** What a row says, without who and where. */
export function rowText(row: SequenceRow, language: Language): string {
  switch (row.kind) {
    case 'message':
      return journeyText(row.journey);
    case 'state':
      return `${row.actor.split(':')[0]} ${row.text}`;
    case 'work':
      return say(language, row.of, row.count, row.text);
    case 'fault':
      return row.text;
  }
}

/** The whole row in words, for those who do not see the picture: what, from whom, to whom, how far. */
export function rowSays(row: SequenceRow, language: Language, seq: number): string {
  const text = rowText(row, language);
  if (row.kind !== 'message') return `${laneName(row.lane)}: ${text}`;
  const { journey } = row;
  const ends = journey.arrivals.map((a) => laneName(a.lane)).join(', ') || say(language, 'nobody');
  return `${laneName(journey.lane)} → ${ends}: ${text}, ${say(language, journeyState(journey, seq))}`;
}

const NAMES: Partial<Record<string, string>> = {
  you: 'you',
  router: 'Router',
  cc: 'Cloud Controller',
  hm: 'Health Manager',
  nats: 'NATS',
};

/** `DEA 0`, `Warden 0`, `container 1j0…`. */
export function laneName(lane: string): string {
  const [kind = '', id = ''] = lane.split('/');
  if (kind === 'dea') return `DEA ${id}`;
  if (kind === 'warden') return `Warden ${id}`;
  return NAMES[lane] ?? `container ${id}`;
}

/** As long as there is room for, upright: the end of a handle is what tells it from others. */
export function laneHead(lane: string): string {
  if (lane === 'cc') return 'CC';
  if (lane === 'hm') return 'HM';
  return lane.startsWith('container/') ? lane.slice(-8) : laneName(lane);
}
