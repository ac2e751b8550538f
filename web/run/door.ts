// Which record the page shows: the lab's, or a recorded run's, from where it comes, and the way back. It decides and
// fetches; reading a file is read.ts, playing it is recorded.ts, both loaded when a run is first opened.
import { indexAfter } from '../../machines/fold.ts';
import { RUN_FILE_ENDING } from '../../machines/run-file.ts';
import { addDropper, handOver, itemsOfFiles, listenForDrops } from '../drop.ts';
import { type Source, whoServes } from '../lab-api.ts';
import { addToMenu } from '../menu.ts';
import type { Language, Model } from '../model.ts';
import { dayText, say } from './words.ts';

/** What is said about a run that is watched. */
export interface Recorded {
  /** Its name, or null for a whole record. */
  run: string | null;
  /** When the file was made, milliseconds since the epoch. */
  made: number;
  /** Why there is no lab; null where there may be one. */
  why: Record<Language, string> | null;
  /** There is something to go back to. */
  leaves: boolean;
}

export interface DoorPage {
  model(): Model;
  update(change: Partial<Model>): void;
  /** Forgets the record that is shown and follows another: null is the lab. */
  connect(source: Source | null, change: Partial<Model>): void;
}

export interface Door {
  /** At the page's start: `?run=URL`, else the lab, else the run that is shipped with the page. */
  enter(): Promise<void>;
  /** Back to what serves the page. */
  leave(): Promise<void>;
  close(): void;
}

/** The run of lessons/runs that every page brings along. */
const SHIPPED = new URL('../../lessons/runs/hello-node.wardenscope.json.gz', import.meta.url);

/** Registers droppers and menu items, too. */
export function runDoor(page: DoorPage): Door {
  const language = () => page.model().language;
  const notice = (text: string) => page.update({ notice: text });

  /** Shows this run from its beginning, or at the moment that the URL names. False, with a notice, if it cannot. */
  async function play(
    file: Blob,
    about: Pick<Recorded, 'why' | 'leaves'>,
    change: Partial<Model> = {},
  ): Promise<boolean> {
    const [{ readRunFile }, { recordedLab }] = await Promise.all([import('./read.ts'), import('./recorded.ts')]);
    const read = await readRunFile(file);
    if (!read.ok) {
      notice(say(language(), read.problem.kind, read.problem));
      return false;
    }
    const { run, made } = read.run.head;
    page.connect(recordedLab(read.run, language), { recorded: { run, made, ...about }, ...change });
    return true;
  }

  async function fetched(url: URL, about: Pick<Recorded, 'why' | 'leaves'>): Promise<boolean> {
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return await play(await answer.blob(), about);
    } catch (error) {
      notice(
        say(language(), 'unreachable', { url: url.href, why: error instanceof Error ? error.message : String(error) }),
      );
      return false;
    }
  }

  async function serve(): Promise<void> {
    const serves = await whoServes();
    if (serves.lab) page.connect(null, { recorded: null });
    else await fetched(SHIPPED, { why: serves.why, leaves: false });
  }

  const ends = [
    addDropper({
      takes: ([item, another]) => item?.file != null && !another && isRunFile(item.name),
      take: ([item]) =>
        void (item?.file && play(item.file, { why: null, leaves: true }, { cursor: null, zoom: 'auto' })),
    }),
    listenForDrops({
      over: (over) => document.documentElement.toggleAttribute('data-dropping', over),
      refused: (names) => notice(say(language(), 'nobody', { names })),
    }),
  ];
  for (const item of menuItems(page)) addToMenu(item);

  return {
    async enter() {
      const asked = new URL(location.href).searchParams.get('run');
      const url =
        asked === null ? null : URL.canParse(asked, document.baseURI) ? new URL(asked, document.baseURI) : null;
      if (url && (await fetched(url, { why: null, leaves: true }))) return;
      if (asked !== null && !url) notice(say(language(), 'unreachable', { url: asked, why: 'URL' }));
      await serve();
    },
    async leave() {
      const here = new URL(location.href);
      here.searchParams.delete('run');
      history.replaceState(null, '', here.pathname + here.search);
      page.update({ cursor: null, actor: null, machine: null, zoom: 'auto', notice: '' });
      await serve();
    },
    close: () => {
      for (const end of ends) end();
    },
  };
}

/** Also a file that a browser or a server has unpacked on its way. */
function isRunFile(name: string): boolean {
  return /\.wardenscope\.json(\.gz)?$/i.test(name);
}

function menuItems({ model }: DoorPage): Parameters<typeof addToMenu>[0][] {
  const off = ({ recorded, language, entries }: Model) =>
    recorded ? say(language, 'exportsLab') : entries.length === 0 ? say(language, 'nothingYet') : '';
  return [
    {
      title: 'exportRun',
      group: 'run',
      off: (m) => off(m) || (storyOf(m) === null ? say(m.language, 'noStory') : ''),
      run: (_, m) => download(storyOf(m)),
    },
    { title: 'exportAll', group: 'run', off, run: () => download(null) },
    {
      title: 'openRun',
      group: 'run',
      run: (page) =>
        choose(`.gz,.json,${RUN_FILE_ENDING}`, (files) => {
          if (!handOver(itemsOfFiles(files)))
            page.update({ notice: say(model().language, 'nobody', { names: files.map((f) => f.name).join(', ') }) });
        }),
    },
  ];
}

/** The run at the cursor, else the newest one. */
function storyOf({ entries, cursor }: Model): string | null {
  for (let i = cursor === null ? entries.length : indexAfter(entries, cursor); i > 0; i--) {
    const run = entries[i - 1]?.run;
    if (run) return run;
  }
  return null;
}

/** The browser saves what the lab answers, and stays on the page. */
function download(run: string | null): void {
  const link = document.createElement('a');
  link.href = `/lab/export${run === null ? '' : `?run=${encodeURIComponent(run)}`}`;
  link.download = '';
  link.click();
}

function choose(accept: string, chosen: (files: File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  input.addEventListener('change', () => chosen([...(input.files ?? [])]));
  input.click();
}

export { dayText };
