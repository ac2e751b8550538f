// What if, from the page against a whole real lab: jobs frozen and thawed, memory lowered and raised, a message lost, a
// component killed, control killed. Each is a row with what it led to; the witness is the kernel's own files.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { inside, isFrozen, memoryLimit } from '../support/inside.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { pushed } from '../support/pushed.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/what-if.test.ts ${whyNoBrowserLab}`);

const MIB = 1 << 20;

interface View {
  apps: { app: string; handle: string; state: string }[];
  containers: { handle: string; pid: number }[];
  drops: { seq?: number }[];
}

describe.skipIf(whyNoBrowserLab)('what if', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let d: Debug;
  let problems: string[] = [];
  let app = '';
  /** Of the app's one instance. */
  let handle = '';
  let init = 0;

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    d = debug(lab.url);
    await pushed(lab);
    const running = await until('the instance to be RUNNING', async () =>
      (await view()).apps.find((i) => i.state === 'RUNNING'),
    );
    ({ app, handle } = running);
    init = (await view()).containers.find((c) => c.handle === handle)?.pid ?? 0;
    browser = await launch();
    ({ page, problems } = await openPage(browser, { viewport: { width: 1440, height: 1000 } }));
    await page.goto(`${lab.url}/#in=${handle}&below=whatif`);
    await page.locator('.whatif-orders').waitFor();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const view = async () => (await lab.api('GET', '/lab/faults')).json<View>();
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000 });
  const choose = (what: string) => page.getByRole('radio', { name: what }).check();
  const target = (id: string) => page.locator('.whatif-orders').getByLabel('Target').selectOption(id);
  const press = (name: string) => page.locator('.whatif-orders').getByRole('button', { name, exact: true }).click();
  const says = () => page.locator('.whatif-says').innerText();
  /** The newest fault as the page lists it: each row follows from the first one, by the record's causes. */
  async function linked(fits: (e: Entry) => boolean): Promise<Entry[]> {
    const listed = async () => {
      const seqs = (await page.locator('.whatif-row .number').allInnerTexts()).map(Number);
      const bySeq = new Map((await d.journal()).map((e) => [e.seq, e]));
      return seqs.flatMap((seq) => bySeq.get(seq) ?? []);
    };
    await eventually(async () => (await listed()).some(fits)).toBe(true);
    const [fault, ...followed] = await listed();
    expect(fault?.type).toBe('fault');
    const bySeq = new Map((await d.journal()).map((e) => [e.seq, e]));
    for (const e of followed) {
      let at: Entry | undefined = e;
      while (at && at.seq !== fault?.seq) at = at.cause === null ? undefined : bySeq.get(at.cause);
      expect(at?.seq, `${e.seq} follows from ${fault?.seq}`).toBe(fault?.seq);
    }
    return fault ? [fault, ...followed] : [];
  }

  it('freezes the jobs of a container and thaws them, as its freezer says', async () => {
    const job = inside(init)[0] ?? 0;
    await choose('Freeze the jobs');
    await target(handle);
    await press('Freeze');
    await eventually(() => isFrozen(job)).toBe(true);
    await eventually(says).toMatch(/^Freezing hello-node #0/);
    await linked((e) => e.type === 'fault' && e.what === 'freeze' && e.target.includes(handle));
    await linked((e) => e.type === 'kernel');
    await eventually(() => page.locator('.whatif-orders option:checked').innerText()).toContain('❄');
    await press('Thaw');
    await eventually(() => isFrozen(job)).toBe(false);
    await eventually(says).toMatch(/^Thawing hello-node #0/);
    await linked((e) => e.type === 'fault' && e.what === 'thaw');
  });

  it('lowers and raises the memory of a running container; the kernel and the gauge on the stage follow', async () => {
    const gauge = page.locator(`.container.large .gauges .memory`);
    await eventually(() => gauge.getAttribute('data-limit')).toBe(String(memoryLimit(init)));
    await choose('Change the memory');
    await target(handle);
    for (const mebibytes of [120, 300]) {
      expect(memoryLimit(init)).not.toBe(mebibytes * MIB);
      await page.getByRole('spinbutton', { name: 'MiB' }).fill(String(mebibytes));
      await press('Set');
      await eventually(() => memoryLimit(init)).toBe(mebibytes * MIB);
      await eventually(() => gauge.getAttribute('data-limit')).toBe(String(mebibytes * MIB));
      await eventually(says).toMatch(/^New memory for hello-node #0/);
      const [fault, ...followed] = await linked((e) => e.type === 'message' && e.name === 'LimitMemoryRequest');
      expect(fault?.type === 'fault' && fault.target).toContain(String(mebibytes * MIB));
      expect(followed.length).toBeGreaterThan(0);
    }
  });

  it('loses the next message of a name: no second container is made, and the loss is linked; an order is taken back', async () => {
    const handles = await lab.list(0);
    await choose('Lose a message');
    await page.getByRole('combobox', { name: 'Message' }).fill('dea.*.start');
    await press('Drop the next');
    const waits = page.locator('.whatif-waits', { hasText: 'waits for the next dea.*.start' });
    await waits.waitFor();
    expect((await lab.api('POST', `/lab/apps/${app}/scale`, { instances: 2 })).status).toBe(202);
    await waits.waitFor({ state: 'detached' });
    await eventually(says).toMatch(/never arrived|Losing/);
    const [fault] = await linked(
      (e) => e.type === 'message' && e.phase === 'dropped' && /^dea\..*\.start$/.test(e.name),
    );
    expect(fault?.type === 'fault' && fault.what).toBe('drop');
    expect(await lab.list(0)).toEqual(handles);
    expect((await lab.api('POST', `/lab/apps/${app}/scale`, { instances: 1 })).status).toBe(202);
    await press('Drop the next');
    await waits.getByRole('button', { name: 'Take back' }).click();
    await waits.waitFor({ state: 'detached' });
    expect((await view()).drops.filter((drop) => drop.seq === undefined)).toEqual([]);
  });

  it('kills a component, which main starts again; its instance is adopted', async () => {
    const pid = lab.pid('dea/0');
    await choose('Kill a component');
    await target('dea/0');
    await press('Kill');
    await eventually(() => lab.pid('dea/0') !== pid && lab.pid('dea/0') !== undefined).toBe(true);
    await eventually(says).toMatch(/^Killing dea\/0/);
    const [fault, ...followed] = await linked((e) => e.type === 'note');
    expect(fault?.type === 'fault' && fault.target).toContain('dea/0');
    expect(followed.length).toBeGreaterThan(0);
    await until('the instance to be RUNNING again', async () =>
      (await view()).apps.find((i) => i.handle === handle && i.state === 'RUNNING'),
    );
    expect(inside(init).length).toBeGreaterThan(0);
  });

  it('kills control: the page says so, comes back by itself, and shows the same record', async () => {
    const about = (await d.journal()).find((e) => e.type === 'message' && e.name === 'CreateRequest')?.seq ?? 0;
    const at = (seq: number | null, on = page) =>
      on.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `${seq === null ? '' : `at=${seq}&`}below=whatif`,
      );
    /** The rows up to that entry, as many as one page shows for sure: how many more fit is the height's affair. */
    const seen = async (on = page) => {
      await at(about, on);
      await on.locator(`ws-record .row.chosen`, { hasText: String(about) }).waitFor();
      return (await on.locator('ws-record .row:not(.later)').allInnerTexts()).slice(-6);
    };
    const before = await seen();
    expect(before.length).toBeGreaterThan(5);
    await at(null);
    const pid = lab.pid('control');
    await target('control');
    await press('Kill');
    await page.getByText('The lab does not answer. Trying again.').first().waitFor();
    await eventually(() => lab.pid('control') !== pid && lab.pid('control') !== undefined).toBe(true);
    await page.getByText('The lab does not answer. Trying again.').first().waitFor({ state: 'detached' });
    await linked((e) => e.type === 'fault' && e.target.includes('control'));
    await eventually(() => seen()).toEqual(before);
    // Without a gap, and nothing twice: as a page that reads the whole record now.
    const other = await openPage(browser, { viewport: { width: 1440, height: 1000 } });
    await other.page.goto(`${lab.url}/#at=${about}&below=whatif`);
    const size = (on: Page) => on.locator('ws-record .row').first().getAttribute('aria-setsize');
    await eventually(async () => (await size(other.page)) === (await size(page))).toBe(true);
    await eventually(() => seen(other.page)).toEqual(before);
    await other.page.context().close();
  });
});
