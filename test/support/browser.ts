// A real browser for a test, its page with what went wrong in it, and axe. Where there is no Chromium it says so.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { tracePage } from './trace.ts';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((f) =>
  existsSync(f),
);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why a browser test against a real lab cannot run here; empty when it can. */
export const whyNoBrowserLab = !CHROMIUM
  ? 'needs Chromium (apt-get install chromium)'
  : process.getuid?.() === 0
    ? ''
    : 'needs root';

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** The choice of a reader for whom no beat has to stay: a push that goes beat by beat then takes no longer than it must. */
export function readsQuickly(): void {
  // A frame of somebody else's may not ask for it.
  if (window === top && location.protocol !== 'about:')
    localStorage.wardenscope ??= JSON.stringify({ reading: 'brisk' });
}

/** A page of its own context; `problems` fills with what the page throws. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[] }> {
  const problems: string[] = [];
  const page = await (await browser.newContext({ reducedMotion: 'reduce', ...options })).newPage();
  tracePage(page);
  await page.addInitScript(readsQuickly);
  page.on('pageerror', (e) => problems.push(e.message));
  return { page, problems };
}

/** What a hand does: the browser's own drag and drop, with a file or folder of the disk. */
export async function dropOn(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data });
  }
  await session.detach();
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[];
}

/** What axe finds in the page as it stands, or in one part of it: `rule: where`, one line each. */
export async function axeFinds(page: Page, within = 'html'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const result = await page.evaluate<AxeResult>(`axe.run(${JSON.stringify(within)}, { resultTypes: ["violations"] })`);
  return result.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${String(n.target)} ${n.failureSummary ?? ''}`));
}
