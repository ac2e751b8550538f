// `node scripts/screenshots.mjs [FOLDER] [PATTERN]`: every view of the page in both themes, both languages and three sizes, of
// labs of its own: one whose push is held on its way and in its boot, one that others may watch, with a lesson. FOLDER is
// .wardenscope/screenshots by default; with PATTERN only the pictures whose names match it (`02-.*-wide-light-en`).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './deps.mjs';
import { photographer, startLab } from './photographer.mjs';

const out = process.argv[2] ?? join(root, '.wardenscope/screenshots');
mkdirSync(out, { recursive: true });
await build({ say: () => {} });
const PANELS = readPanels();
const NAME = { dock: 'show', under: 'under', drawer: 'below' };
const RUN = readdirSync(join(root, 'dist/web/assets')).find((name) => /wardenscope.*\.gz$/.test(name));
const { shoot, wants, open, close } = await photographer({ out, only: process.argv[3] });
const labs = [];
const lab = async (flags) => {
  labs.push(await startLab(flags));
  return labs.at(-1);
};
const press = (key) => (page) => page.keyboard.press(key);

try {
  await aPush(await lab());
  if (['07-lesson-question', '08-people'].some(wants)) await aClass(await lab(['--listen', '0.0.0.0']));
} finally {
  await close();
  for (const one of labs) await one.stop();
}
console.log(`pictures are in ${out}`);
if (spawnSync('fc-list', [':lang=ja'], { encoding: 'utf8' }).stdout === '')
  console.log('Japanese is boxes in them: this machine has no font for it (apt-get install fonts-noto-cjk)');

/** From the first screen through what is held on its way and in its boot to the running app, and one that failed. */
async function aPush(one) {
  const { api } = one;
  await shoot(one, '01-first', '');
  await shoot(one, '40-recorded-run', `?run=assets/${RUN}#at=372`);
  await api('POST', '/lab/kernel-recording', { on: true });
  await api('POST', '/lab/breakpoints', { kind: 'delivery', transport: 'warden', name: 'CreateRequest', once: true });
  for (const when of ['before', 'after'])
    await api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when, once: true });
  await api('POST', '/lab/push', { app: 'hello-node' });
  await one.held('CreateRequest');
  await shoot(one, '09-held-message', '#in=platform');
  await api('POST', '/lab/continue', {});
  await one.held('pivot_root');
  await shoot(one, '02-held-before-pivot-root', '');
  await api('POST', '/lab/continue', {});
  await one.held('pivot_root');
  await shoot(one, '03-held-after-pivot-root', '');
  await shoot(one, '04-host-view', '#face=host');
  await shoot(one, '05-platform', '#in=platform');
  await shoot(one, '06-presenter', '', { prepare: press('f') });
  await shoot(one, '43-help', '', { prepare: press('?') });
  for (const { id, place } of PANELS) await shoot(one, `10-${place}-${id}`, `#${NAME[place]}=${id}`);
  await api('POST', '/lab/pace', { pace: 'real' });
  await api('POST', '/lab/continue', {});
  await one.says('{"RUNNING":"serving"}');
  await shoot(one, '20-running', '');
  await shoot(one, '21-past', '#at=100');
  for (const { id, place } of PANELS.filter((p) => p.place !== 'under'))
    await shoot(one, `30-running-${place}-${id}`, `#${NAME[place]}=${id}`, { sizes: ['wide'] });
  await shoot(one, '41-article-scene', '#lesson=article&step=2');
  await shoot(one, '42-push-dialog', '#show=apps', {
    prepare: async (page) => {
      await page.locator('.menu-button').click();
      await page.getByRole('menuitem', { name: /Push/ }).first().click();
      await page.getByRole('radio', { name: 'hello-node' }).waitFor();
    },
  });
  await api('POST', '/lab/push', { app: 'unbuilt-site', buildpack: 'staticfile_buildpack' });
  await one.says('is not a folder');
  await shoot(one, '44-failure-card', '#show=apps', {
    prepare: async (page) => {
      await page.locator('.failure-link button').click();
      await page.locator('.failure-card').waitFor();
    },
  });
}

/** Who drives, with the link for others; and a lesson at its first question. */
async function aClass(one) {
  const context = (await open({ locale: 'en' })).context();
  const page = context.pages()[0];
  page.setDefaultTimeout(60_000);
  await page.goto(`${one.url}/?token=${one.token}`);
  await page.locator('.seat-chip').waitFor();
  await shoot(one, '08-people', '', {
    state: await context.storageState(),
    prepare: async (shown) => {
      await shown.locator('.seat-chip').click();
      await shown.locator('svg.qr path').waitFor();
    },
  });
  await page.locator('.hero .door').click();
  await page.locator('.lesson-try').click();
  for (let step = 2; step <= 3; step++) await page.locator('.lesson-next:not(:disabled)').click();
  await page.locator('.lesson-option:not(:disabled)').first().waitFor();
  const [state, { hash }] = [await context.storageState(), new URL(page.url())];
  await context.close();
  await shoot(one, '07-lesson-question', hash, {
    state,
    prepare: (shown) => shown.locator('.lesson-option').last().scrollIntoViewIfNeeded(),
  });
}

/** The list of panels, read from its source: Node 20 does not run TypeScript. */
function readPanels() {
  const source = readFileSync(join(root, 'web/panels.ts'), 'utf8');
  const list = [...source.matchAll(/id: '(\w+)',\s*place: '(\w+)'/g)];
  return list.map(([, id, place]) => ({ id, place }));
}
