// A recorded run in the place of a lab: the whole record at once, and a cursor that plays through it. The page's orders
// of time move that cursor; what only a lab can do is refused, with the reason.
import { type Grain, landFrom, stopFrom } from '../../machines/grain.ts';
import { entryAt, runsAt } from '../../machines/projection.ts';
import type { DrawnMachine, RunFile } from '../../machines/run-file.ts';
import { type Chart, drawAlso } from '../charts.ts';
import type { Answer, LabState, Listener, Pace, Source } from '../lab-api.ts';
import type { Language } from '../model.ts';
import { word } from '../words.ts';
import { say } from './words.ts';

/** How long a beat is shown while it plays, milliseconds: time for its motion and to read its sentence. */
const BEAT_MS = 1600;
/** In the run's own time a pause is never longer than this, milliseconds; nor a beat shorter than a frame or two. */
const LONGEST_MS = 3000;
const SHORTEST_MS = 30;

/** A source that plays this run. It begins to play by itself unless the page is at a moment already or shows no motion. */
export function recordedLab(run: RunFile, language: () => Language): Source {
  const { entries } = run;
  const head = entries.at(-1)?.seq ?? 0;
  let listener: Listener | undefined;
  let pace: Pace = 'beat';
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Where playing has put the cursor: found elsewhere, somebody else has moved it, and it stays there. */
  let mine: number | null = null;

  /** Where the story begins: what its lab said of itself before is there, and not played. */
  const begins = runsAt(entries, head).find((r) => r.run === run.head.run)?.first ?? 1;
  const beginning = stopFrom(entries, begins - 1, { grain: 'beat', direction: 1 });

  const here = () => listener?.cursor() ?? head;
  const state = (): LabState => ({
    ...{ lab: run.head.lab, lt: entryAt(entries, here())?.lt ?? 0, running: timer !== undefined, head },
    ...{ pace, paused: timer === undefined, held: [], breakpoints: [], procs: [] },
  });
  const tell = () => listener?.state(state());

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  /** Moves on by one stop; false at the end of the record. */
  function move(grain: Grain = 'beat'): boolean {
    const next = stopFrom(entries, here(), { grain, direction: 1 });
    mine = next;
    listener?.seek(next);
    return next !== null;
  }

  function play(): void {
    stop();
    const from = here();
    const next = stopFrom(entries, from, { grain: 'beat', direction: 1 });
    const own = (entryAt(entries, next ?? head)?.at ?? 0) - (entryAt(entries, from)?.at ?? 0);
    const wait = pace === 'real' ? Math.min(LONGEST_MS, Math.max(SHORTEST_MS, own)) : BEAT_MS;
    timer = setTimeout(() => {
      timer = undefined;
      if ((listener?.cursor() ?? null) === mine && move()) play();
      tell();
    }, wait);
  }

  function goOn(): void {
    if (pace === 'hand') pace = 'beat';
    // At its end it begins again.
    if ((listener?.cursor() ?? null) === null) listener?.seek(beginning);
    mine = listener?.cursor() ?? null;
    play();
  }

  const land = (verb: 'over' | 'into' | 'out') => () => {
    stop();
    const next = landFrom(entries, here(), { verb, direction: 1 });
    if (next !== null) listener?.seek(next);
    return next !== null;
  };
  const step = (grain: Grain) => () => {
    stop();
    return move(grain);
  };
  /** What a lab's orders of time mean here; false where the record has ended. */
  const orders: Record<string, (body: unknown) => boolean> = {
    '/lab/pause': () => {
      stop();
      return true;
    },
    '/lab/continue': () => {
      goOn();
      return true;
    },
    '/lab/step': step('beat'),
    '/lab/skip': step('chapter'),
    '/lab/over': land('over'),
    '/lab/into': land('into'),
    '/lab/out': land('out'),
    '/lab/pace': (body) => {
      pace = paceIn(body) ?? pace;
      if (pace === 'hand') stop();
      else if (timer !== undefined) play();
      return true;
    },
    '/lab/motion-ended': () => true,
  };

  function answer(method: string, path: string, body: unknown): Answer<unknown> {
    const refuse = (status: number, error: string) => ({ ok: false, status, error }) as const;
    if (path === '/lab/state') return { ok: true, value: state() };
    const asked = /^\/lab\/source\?file=(.*)$/.exec(path)?.[1];
    if (asked !== undefined) {
      const file = decodeURIComponent(asked);
      const text = run.sources[file];
      return text === undefined
        ? refuse(404, say(language(), 'noSource', { file }))
        : { ok: true, value: { file, text } };
    }
    const order = method === 'POST' ? orders[path] : undefined;
    if (!order) return refuse(409, word(language(), 'needsLab'));
    const done = order(body);
    tell();
    return done ? { ok: true, value: {} } : refuse(409, say(language(), 'ended'));
  }

  return {
    async follow(follower) {
      listener = follower;
      drawAlso(run.machines.flatMap(chartsOf));
      follower.entries(entries);
      follower.link('live');
      if (follower.cursor() === null) {
        mine = beginning;
        follower.seek(mine);
        if (moves()) play();
      }
      tell();
      return () => {
        stop();
        drawAlso([]);
        listener = undefined;
      };
    },
    // The caller names what it expects of this path, as with an answer from the network.
    call: async <T>(method: string, path: string, body?: unknown) => answer(method, path, body) as Answer<T>,
  };
}

function paceIn(body: unknown): Pace | undefined {
  const pace = typeof body === 'object' && body !== null && 'pace' in body ? body.pace : undefined;
  return (['real', 'beat', 'hand'] as const).find((p) => p === pace);
}

function chartsOf({ hash, graph, geometry }: DrawnMachine): Chart[] {
  return isGeometry(geometry) ? [{ hash, graph, geometry }] : [];
}

function isGeometry(value: unknown): value is Chart['geometry'] {
  return typeof value === 'object' && value !== null && 'states' in value && 'edges' in value && 'dots' in value;
}

function moves(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
