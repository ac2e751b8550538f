// The scenes that go with an article, as data and as Markdown: one for each of its paragraphs, in its order. A scene says in
// words of its own what the paragraph is about, and shows it at a moment of a push. Pure.
import type { Entry } from './journal.ts';
import { ACTIONS, type Call, type Look, storyUntil, type Text, type Try } from './lesson.ts';
import { holds } from './lesson-predicates.ts';
import { blockText, call, type Line, lookOf, type Mistake, say, type Wrong, words } from './lesson-text.ts';
import { newestHandle } from './lesson-values.ts';

export interface Scene {
  /** Which paragraph of the article, from 1; headings are not counted. */
  paragraph: number;
  line: number;
  title: Text;
  /** What the paragraph is about, in words of ours. */
  text: Text;
  /** What of it this program shows. */
  shows: Text;
  /** The moment of a push at which it is shown: right after this has become true. `rest` is the lab as it stands. */
  moment?: Call;
  points: { look: Look; text: Text }[];
  /** Whose word the paragraph is. */
  by?: Voice;
  /** What the reader can do to find out. */
  tries: Try[];
  verdicts: Verdict[];
  dates: { date: string; text: Text }[];
}

/** The team of Cloud Foundry, the speaker of the talk, the editor of the article. */
export const VOICES = ['team', 'speaker', 'editor'] as const;
export type Voice = (typeof VOICES)[number];

/** What is found of a claim; of an opinion nothing can be. */
export const FINDINGS = ['holds', 'partly', 'fails', 'opinion'] as const;
export type Finding = (typeof FINDINGS)[number];

/** What a claim comes to, said once the record (or the reader's own try) shows it. */
export interface Verdict {
  finding: Finding;
  /** Undefined when it needs nothing but reading. */
  when?: Call;
  text: Text;
  /** Where it can be read, for what no lab can show. */
  source: Text;
}

/** A verdict that waits until the reader has tried what the scene offers. */
export const TRIED = 'tried';

/** The lab as it stands, without any push. */
export const AT_REST = 'rest';

/** A scene is built when there is a moment and something to look at, or dates to read; the others are a promise, and say so. */
export function isBuilt(scene: Scene): boolean {
  return (scene.moment !== undefined && scene.points.length > 0) || scene.dates.length > 0;
}

/**
 * Scenes and mistakes. Grammar: `## paragraph`, `by voice`, `title en: …`, `en: …`, `shows en: …`, `::moment predicate`; and
 * blocks `:::look what`, `:::try action`, `:::verdict finding predicate` (with `source en: …`), `:::date 2013-03-23`.
 */
export function parseArticle(source: string): { scenes: Scene[]; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const lines = source.split('\n').map((text, i): Line => ({ line: i + 1, text: text.trim() }));
  const wrong: Wrong = (line, text) => void mistakes.push({ line, text });
  const scenes: Scene[] = [];
  for (let i = 0; i < lines.length; i++) {
    const { line, text } = lines[i] ?? { line: 0, text: '' };
    const scene = scenes.at(-1);
    if (text === '' || text.startsWith('# ')) continue;
    if (text.startsWith('## ')) scenes.push(emptyScene(Number(text.slice(3)), line));
    else if (!scene) continue;
    else if (text.startsWith(':::')) {
      const end = lines.findIndex((l, at) => at > i && l.text === ':::');
      if (end < 0) wrong(line, `${text} is not closed by :::`);
      block(scene, words(text.slice(3)), line, lines.slice(i + 1, end < 0 ? undefined : end), wrong);
      i = end < 0 ? lines.length : end;
    } else if (text.startsWith('::moment ')) scene.moment = call(words(text.slice(9)), line);
    else if (text.startsWith('by ')) scene.by = oneOf(VOICES, text.slice(3), line, wrong);
    else if (text.startsWith('title ')) say(scene.title, text.slice(6), line, wrong);
    else if (text.startsWith('shows ')) say(scene.shows, text.slice(6), line, wrong);
    else say(scene.text, text, line, wrong);
  }
  return { scenes, mistakes };
}

const nothingSaid = (): Text => ({ en: '', ja: '' });

function emptyScene(paragraph: number, line: number): Scene {
  return {
    ...{ paragraph, line, title: nothingSaid(), text: nothingSaid(), shows: nothingSaid() },
    ...{ points: [], tries: [], verdicts: [], dates: [] },
  };
}

function block(scene: Scene, [name, first = '', ...more]: string[], line: number, body: Line[], wrong: Wrong): void {
  const { text, source } = blockText(body, wrong);
  if (name === 'look') {
    const look = lookOf([first], line, wrong);
    if (look) scene.points.push({ look, text });
  } else if (name === 'try') {
    const action = oneOf(ACTIONS, first, line, wrong);
    if (action) scene.tries.push({ action, args: more, text });
  } else if (name === 'verdict') {
    const finding = oneOf(FINDINGS, first, line, wrong);
    const when = more.length > 0 ? { when: call(more, line) } : {};
    if (finding) scene.verdicts.push({ finding, ...when, text, source });
  } else if (name === 'date') scene.dates.push({ date: first, text });
  else wrong(line, `no directive ${name} in a scene`);
}

function oneOf<T extends string>(all: readonly T[], word: string, line: number, wrong: Wrong): T | undefined {
  const found = all.find((one) => one === word);
  if (!found) wrong(line, `"${word}" is none of ${all.join(', ')}`);
  return found;
}

export interface Moment {
  /** Where to look; null is the newest. */
  seq: number | null;
  /** The container that it is about. */
  handle: string | undefined;
  /** The push that it belongs to, with what has come of it since. */
  story: readonly Entry[];
}

/** The moment of a scene in the newest push that has come so far, else in an older one; undefined when none has. */
export function momentOf(scene: Scene, entries: readonly Entry[]): Moment | undefined {
  if (!scene.moment) return undefined;
  const all = pushes(entries).reverse();
  if (scene.moment.name === AT_REST) return { seq: null, handle: undefined, story: all[0] ?? [] };
  for (const story of all) {
    if (!holds(story, scene.moment)) continue;
    const until = storyUntil(story, scene.moment);
    const last = until.at(-1);
    if (last) return { seq: last.seq, handle: newestHandle(until), story };
  }
  return undefined;
}

/** The foreground of each push, oldest first: from its beginning to that of the next. */
function pushes(entries: readonly Entry[]): Entry[][] {
  const stories: Entry[][] = [];
  for (const e of entries) {
    if (e.background) continue;
    if (e.begins?.startsWith('push ')) stories.push([]);
    stories.at(-1)?.push(e);
  }
  return stories;
}
