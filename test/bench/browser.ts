// The page in a real browser: what its first view loads, what a frame costs while a thousand entries a second arrive, and
// what a seek costs in a hundred thousand. Times are the main thread's own: what else the machine did is not in them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../server/main/project-root.ts';
import { CHROMIUM, launch } from '../support/browser.ts';
import { median, ms, quantile, type Row } from './figures.ts';
import { pageServer } from './page-server.ts';
import { longRecord } from './record.ts';
import { mainThread, type TraceEvent } from './trace.ts';

const PER_SECOND = 1000;
const SECONDS = 15;
/** The panels that are not there from the start, and the address that opens each; a shorter look each. */
const OPENED = { timeline: 'below=timeline', statechart: 'below=chart', sequence: 'show=sequence' };
const OPENED_SECONDS = 8;
const LONG = 100_000;
const SEEKS = 50;
const JS_GOAL = 200 * 1024;
const CATEGORIES = [
  ...[
    'devtools.timeline',
    'disabled-by-default-devtools.timeline',
    'disabled-by-default-devtools.timeline.frame',
    'toplevel',
  ],
  ...['blink.user_timing', 'v8'],
];

/** Rows for the first view, for frames under load and for seeks; one row that says so where there is no Chromium. */
export async function benchBrowser(folder: string): Promise<Row[]> {
  if (!CHROMIUM) return [{ what: 'the page in a browser', measured: 'no Chromium here (apt-get install chromium)' }];
  const browser = await launch();
  try {
    const rows = [...(await firstView(browser)), ...(await arriving(browser, folder))];
    for (const [name, hash] of Object.entries(OPENED))
      rows.push(...(await arriving(browser, folder, { name, hash, seconds: OPENED_SECONDS })));
    return [...rows, ...(await seeking(browser, folder))];
  } finally {
    await browser.close();
  }
}

const PAGE = join(projectRoot(), 'dist/web');

async function firstView(browser: Browser): Promise<Row[]> {
  const server = await pageServer(PAGE, []);
  const page = await opened(browser, server.url);
  await page.waitForLoadState('networkidle');
  const scripts = [...server.sent].filter(([name]) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, [, size]) => sum + size, 0);
  await page.close();
  server.close();
  const kib = (bytes / 1024).toFixed(0);
  return [
    {
      what: "the page's first view, JavaScript gzipped",
      measured: `${kib} KB in ${scripts.length} files`,
      goal: 'under 200 KB',
      met: bytes < JS_GOAL,
    },
  ];
}

interface Opened {
  /** The panel that is open beside those of the start. */
  name: string;
  hash: string;
  seconds: number;
}

async function arriving(browser: Browser, folder: string, open?: Opened): Promise<Row[]> {
  const server = await pageServer(PAGE, []);
  const page = await opened(browser, `${server.url}${open ? `#${open.hash}` : ''}`);
  const seconds = open?.seconds ?? SECONDS;
  const trace = await traced(browser, page, join(folder, 'arriving.json'), () =>
    server.stream(longRecord(PER_SECOND * seconds), PER_SECOND),
  );
  await page.close();
  server.close();
  const { frames, tasks } = mainThread(trace);
  const p95 = quantile(frames, 0.95);
  const longest = Math.max(...tasks);
  const of = `median ${ms(median(frames))}, most ${ms(Math.max(...frames))}`;
  return [
    {
      what: open
        ? `the same with the ${open.name} open`
        : `script, style and layout a frame, p95, with ${PER_SECOND} entries a second`,
      measured: ms(p95),
      beside: `${of}; ${(frames.length / seconds).toFixed(0)} frames a second`,
      goal: 'at most 8 ms',
      met: p95 <= 8,
    },
    { what: 'longest task meanwhile', measured: ms(longest), goal: 'at most 50 ms', met: longest <= 50 },
  ];
}

async function seeking(browser: Browser, folder: string): Promise<Row[]> {
  const record = longRecord(LONG).slice(0, LONG);
  const server = await pageServer(PAGE, record);
  const page = await opened(browser, server.url);
  await page.waitForFunction((n) => document.querySelector('.position')?.textContent?.includes(String(n)), LONG, {
    timeout: 120_000,
  });
  const foreground = record.filter((e) => !e.background);
  const moments = Array.from(
    { length: SEEKS },
    () => foreground[Math.floor(Math.random() * foreground.length)]?.seq ?? 1,
  );
  const trace = await traced(browser, page, join(folder, 'seeking.json'), async () => {
    for (const seq of moments) {
      await page.evaluate(async (hash) => {
        const drawn = new Promise<void>((done) => {
          // The page draws the moment in the frame after the event, and the lists beside it in the next one; a task behind
          // a frame comes after its layout.
          const inFrame = (then: () => void) => requestAnimationFrame(() => setTimeout(then));
          const seen = () => {
            performance.mark('seen');
            inFrame(() => {
              performance.mark('beside');
              done();
            });
          };
          addEventListener('hashchange', () => inFrame(seen), { once: true });
        });
        performance.mark('seek');
        location.hash = hash;
        await drawn;
        // The motion that follows is over before the next one.
        await new Promise((done) => setTimeout(done, 800));
      }, `at=${seq}`);
    }
  });
  await page.close();
  server.close();
  const { between } = mainThread(trace);
  const row = (what: string, times: readonly number[]): Row => ({
    what,
    measured: ms(quantile(times, 0.95)),
    beside: `median ${ms(median(times))}, most ${ms(Math.max(...times))}`,
    goal: 'under 16 ms',
    met: quantile(times, 0.95) < 16,
  });
  return [
    row(`a seek among ${LONG} entries: stage and caption, p95 of ${SEEKS}`, between('seek', 'seen')),
    row('and the panels beside them, in the next frame', between('seen', 'beside')),
  ];
}

async function opened(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await page.locator('ws-bar .position').waitFor({ timeout: 60_000 });
  await page.locator('ws-record, ws-sequence').waitFor({ timeout: 60_000 });
  if (url.includes('below=')) await page.locator('ws-timeline, ws-chart-panel').waitFor({ timeout: 60_000 });
  return page;
}

async function traced(browser: Browser, page: Page, file: string, what: () => Promise<void>): Promise<TraceEvent[]> {
  await browser.startTracing(page, { path: file, categories: CATEGORIES });
  await what();
  await browser.stopTracing();
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(readFileSync(file, 'utf8'));
  return traceEvents;
}
