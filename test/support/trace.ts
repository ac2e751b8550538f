// What the labs and pages of a failed test have to tell: the end of what each lab has printed, logged and journaled, and
// what each page shows. test/support/on-failure.ts asks for it; the bench and others may do without vitest.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../machines/journal.ts';
import { sentenceOf } from '../../machines/sentences.ts';

interface Traced {
  dir: string;
  printed(): string;
}

/** A page that a test looks at; the part of playwright's that is needed here. */
interface Looked {
  url(): string;
  isClosed(): boolean;
  locator(selector: string): { innerText(options?: { timeout: number }): Promise<string> };
}

const LINES = 40;
/** Of each process's own log; usually empty. */
const LOG_LINES = 10;
/** Of what a page shows. */
const PAGE_LINES = 150;
const labs = new Set<Traced>();
const pages = new Set<Looked>();

/** From now on a failed test of this file tells of this lab. Answers how to end that. */
export function trace(lab: Traced): () => void {
  labs.add(lab);
  return () => labs.delete(lab);
}

/** From now on a failed test of this file tells what this page shows. */
export function tracePage(page: Looked): void {
  pages.add(page);
}

async function shownBy(page: Looked): Promise<string> {
  const text = await page
    .locator('body')
    .innerText({ timeout: 5000 })
    .catch((error: Error) => error.message);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return section('page', [page.url(), ...lines.slice(0, PAGE_LINES)]);
}

/** The newest lines of this lab: printed, logged, journaled. */
export function endOf({ dir, printed }: Traced): string {
  const logs = list(`${dir}/log`).map((name) => section(name, tail(read(`${dir}/log/${name}`), LOG_LINES)));
  return [
    section('main', tail(printed().replace(/^[\s\S]*?(?=^Wardenscope is ready)/m, ''), LOG_LINES)),
    ...logs,
    section('journal', journal(dir)),
  ]
    .filter(Boolean)
    .join('\n');
}

const section = (name: string, lines: string[]) => lines.map((line) => `  ${name}: ${line}`).join('\n');

/** The newest foreground entries, as the page would say them. */
function journal(dir: string): string[] {
  const newest = list(`${dir}/journal`).at(-1);
  if (!newest) return [];
  const said: string[] = [];
  const lines = read(join(dir, 'journal', newest)).split('\n');
  for (let i = lines.length - 1; i > 0 && said.length < LINES; i -= 1) {
    const entry = parsed(lines[i] ?? '');
    if (entry && !entry.background) {
      const seconds = (entry.lt / 1000).toFixed(3);
      said.unshift(`${entry.seq} lt ${seconds} s ${entry.proc} ${sentenceOf(entry).en}`);
    }
  }
  return said;
}

/** A last line may be torn. */
function parsed(line: string): Entry | undefined {
  try {
    const entry: Entry = JSON.parse(line);
    return 'seq' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort() : []);
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const tail = (text: string, count: number) => text.split('\n').filter(Boolean).slice(-count);

/** Whatever is traced now, as text; undefined where that is nothing. */
export async function tell(): Promise<string | undefined> {
  for (const page of pages) if (page.isClosed()) pages.delete(page);
  if (labs.size + pages.size === 0) return undefined;
  const shown = await Promise.all([...pages].map(shownBy));
  return [...[...labs].map(endOf), ...shown].join('\n');
}
