// Does what a lesson or a scene offers to try: an order to the lab, or a look at something beside the text.
import { netLines } from '../../machines/count-lines.ts';
import type { Entry } from '../../machines/journal.ts';
import { SHOWN_PANELS, type Try } from '../../machines/lesson.ts';
import { faultOrder } from '../../machines/lesson-faults.ts';
import type { PageActions } from '../panel.ts';
import * as lab from './lab.ts';
import type { Said } from './said.ts';

/** The C that this page was built beside. */
const C_FILES = import.meta.glob<string>('../../wshd/*.{c,h}', { query: '?raw', import: 'default' });

export interface Doer {
  /** The app that is spoken of, and what has happened to it. */
  app: string;
  story: readonly Entry[];
  /** Ids of the breakpoints that the lesson has set. */
  mine: readonly string[];
  page: Pick<PageActions, 'run' | 'open'>;
  /** What is to be pushed. */
  sample: string;
  pushed(name: string, url: string): void;
  /** Shows what came of it; null takes it away. */
  say(said: Said | null): void;
}

/** Throws the lab's own sentence when it refuses. */
export async function act({ action, args }: Try, by: Doer): Promise<void> {
  const [first = '', ...more] = args;
  switch (action) {
    case 'push': {
      const { name, url } = await lab.push(by.sample);
      return by.pushed(name, url);
    }
    case 'open':
      await lab.openHeld(by.mine);
      return;
    case 'visit':
      return visit(first === '' ? '/' : first, by);
    case 'skip':
      return lab.skip();
    case 'fault': {
      const order = faultOrder({ name: first, args: more }, by.story);
      return order && lab.breakIt(order);
    }
    case 'key':
      return by.page.run('host');
    case 'bytes':
      return bytes(first, by);
    case 'show': {
      const panel = SHOWN_PANELS.find((p) => p === first);
      return panel && by.page.open(panel);
    }
    case 'count':
      return by.say(await count());
    default:
      return action satisfies never;
  }
}

async function visit(path: string, { app, say }: Doer): Promise<void> {
  say({ kind: 'app', path, status: 0, text: '' });
  try {
    const answer = await lab.visit(app, path);
    say({ kind: 'app', path, status: answer.status, text: answer.body });
  } catch (error) {
    say(null);
    throw error;
  }
}

/** The first frame of this name, as its sender wrote it: there it is whole. */
function bytes(message: string, { story, say }: Doer): void {
  const sent = story.find((e) => e.type === 'message' && e.name === message && e.phase === 'sent' && e.hex);
  if (sent?.type === 'message' && sent.hex) say({ kind: 'frame', message, hex: sent.hex, seq: sent.seq });
}

async function count(): Promise<Said> {
  const files = await Promise.all(
    Object.entries(C_FILES).map(async ([path, load]) => ({
      file: path.replace('../../', ''),
      lines: netLines(await load()),
    })),
  );
  files.sort((a, b) => b.lines - a.lines);
  return { kind: 'count', files, total: files.reduce((sum, f) => sum + f.lines, 0) };
}
