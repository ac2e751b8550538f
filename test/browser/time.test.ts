// Time in the page against a whole real lab: along the record and back without opening anything, the live verbs, the
// source at the very line, the timeline, and a bar that fits every screen.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/time.test.ts ${whyNoBrowserLab}`);

interface State {
  held: { gate: string; point: { name: string } }[];
  breakpoints: { id: string }[];
}

describe.skipIf(whyNoBrowserLab)('time in the page', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    page.on('pageerror', (e) => problems.push(e.message));
    await lab.api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when: 'before', once: true });
    await page.goto(`${lab.url}/`);
    void lab.api('POST', '/lab/push', { app: 'hello-node' });
    await page.locator('.held .what', { hasText: 'pivot_root' }).waitFor({ timeout: 60_000 });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 45_000 });
  const at = () => Number(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('at'));
  const state = async () => (await lab.api('GET', '/lab/state')).json<State>();
  const held = async () => (await state()).held;
  const caption = () => page.locator('.caption').first().innerText();
  const press = (key: string) => page.keyboard.press(key);
  /** Presses, and waits until the cursor has moved. */
  const travel = async (key: string): Promise<number> => {
    const before = at();
    await press(key);
    await eventually(at).not.toBe(before);
    return at();
  };
  // What one test leaves behind must not reach the next.
  beforeEach(() => live());
  const live = async () => {
    if (at() > 0) await page.locator('.moment .live').click();
    await eventually(at).toBe(0);
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  };

  it('goes back with a clicker and forth to the present, stops there, then goes live; the gate stays closed', async () => {
    const [gate] = await held();
    const first = await travel('PageUp');
    const second = await travel('PageUp');
    expect(second).toBeLessThan(first);
    expect(await page.locator('main.past').count()).toBe(1);
    expect(await page.locator('.position').innerText()).toContain(`looking at ${second} of`);
    expect(await travel('ArrowLeft')).toBeLessThan(second);
    expect(await travel('ArrowRight')).toBe(second);
    expect(await travel('PageDown')).toBe(first);
    // The present: the held gate's own entry. Still the record, not yet live.
    const present = await travel('PageDown');
    expect(present).toBeGreaterThan(first);
    expect(await caption()).toContain('held before pivot_root');
    expect(await travel('PageDown')).toBe(0);
    expect((await held()).map((h) => h.gate)).toEqual([gate?.gate]);
  });

  it('steps on the record, not in the lab, while the past is looked at', async () => {
    const before = await held();
    await travel('k');
    const earlier = await travel('k');
    await page.locator('.controls .step').click();
    await eventually(at).toBeGreaterThan(earlier);
    expect(await held()).toEqual(before);
    await live();
  });

  it('stops at chapters, beats or entries, as it is asked', async () => {
    const distance = async (grain: string) => {
      await page.locator('select.grain').selectOption(grain);
      await live();
      const from = await travel('k');
      const to = await travel('k');
      await live();
      return from - to;
    };
    const [entry, beat, chapter] = [await distance('entry'), await distance('beat'), await distance('chapter')];
    expect(entry).toBeLessThanOrEqual(beat);
    expect(chapter).toBeGreaterThanOrEqual(beat);
    await page.locator('select.grain').selectOption('chapter');
    await live();
    await travel('k');
    expect(await caption()).toContain('is now in staging.');
    await page.locator('select.grain').selectOption('beat');
    await live();
  });

  it('goes over, into and out on the record, backwards too, and back to where a breakpoint would have been', async () => {
    await travel('PageUp');
    const shown = () => page.locator('.caption').first().innerText();
    await travel('U');
    expect(await shown()).not.toMatch(/^wshd/);
    await travel('i');
    await lab.api('POST', '/lab/breakpoints', { kind: 'delivery', name: 'PUT /v2/apps/:guid*' });
    await eventually(async () => (await state()).breakpoints.length).toBe(1);
    await live();
    await travel('C');
    await eventually(shown).toContain('PUT /v2/apps');
    const [breakpoint] = (await state()).breakpoints;
    await lab.api('DELETE', `/lab/breakpoints/${breakpoint?.id}`);
    await live();
  });

  it('moves with the scrubber, which shows the chapters, the beats and the closed bar at its end', async () => {
    expect(await page.locator('.chapter', { hasText: 'staging' }).count()).toBeGreaterThan(0);
    expect(await page.locator('.ticks').getAttribute('d')).toMatch(/^M/);
    expect(await page.locator('.scrubber i.bar').count()).toBe(1);
    const slider = page.locator('input.timeline');
    await slider.focus();
    await press('Home');
    // Asked for together: the page has not answered the key yet when the first of them is read.
    await eventually(async () => {
      const says = Number((await slider.getAttribute('aria-valuetext'))?.split(':')[0]);
      return at() > 0 && at() === says;
    }).toBe(true);
    await press('End');
    await live();
  });

  it('shows the C of the held step at its very line, follows a step, and stops at a line that was clicked', async () => {
    await page.getByRole('tab', { name: 'Source' }).click();
    const head = page.locator('.source-head .file');
    await eventually(() => head.innerText()).toMatch(/^wshd\/boot\.c:\d+$/);
    const lit = page.locator('.line.lit');
    await eventually(() => lit.innerText()).toContain('STEP(pivot_root');
    expect(await lit.getAttribute('class')).toContain('held');
    const line = Number((await head.innerText()).split(':')[1]);
    // A step further on in the same file.
    const later = page
      .locator('button.gutter')
      .filter({ hasNotText: String(line) })
      .last();
    const number = Number(await later.innerText());
    await later.click();
    await eventually(() => later.getAttribute('aria-pressed')).toBe('true');
    const { breakpoints } = await state();
    expect(breakpoints).toMatchObject([{ kind: 'step', when: 'before' }]);
    await later.click();
    await eventually(() => later.getAttribute('aria-pressed')).toBe('false');
    expect(number).not.toBe(line);
    await live();
    await press('s');
    await eventually(() => page.locator('.source-head .how').innerText()).toContain('held after');
    expect(await lit.innerText()).toContain('STEP(pivot_root');
    await press('s');
    await eventually(() => lit.innerText()).toContain('devpts');
    // The past has its source as well.
    await travel('k');
    await eventually(() => lit.innerText()).toContain('pivot_root');
    expect(await page.locator('.source-head .how').innerText()).toContain('was done');
    await live();
  });

  it('runs out of the boot to what is above it, and its source is a state of a machine', async () => {
    await press('u');
    await eventually(async () => (await held())[0]?.point.name).not.toBe('devpts');
    await eventually(() => page.locator('.source-head .file').innerText()).toMatch(/^machines\/[\w-]+\.ts:\d+$/);
    expect(await page.locator('.line.lit').innerText()).toMatch(/^\d+\s+.*(\w+: \{|src: ')/);
  });

  it('shows the line of the buildpack that is held, inside the real container', async () => {
    await lab.api('POST', '/lab/breakpoints', { kind: 'script', file: 'bin/compile', line: 8, once: true });
    await press('c');
    await eventually(() => page.locator('.source-head .file').innerText()).toBe(
      'server/dea/buildpacks/nodejs/bin/compile:8',
    );
    await eventually(() => page.locator('.line.lit').innerText()).toContain('vendor-node.sh');
    const next = page.getByRole('button', { name: 'Stop at line 12' });
    await next.click();
    await eventually(() => next.getAttribute('aria-pressed')).toBe('true');
    await live();
    await press('c');
    await eventually(() => page.locator('.source-head .file').innerText()).toContain('bin/compile:12');
    // NEXT is the command itself; where it stands is written beside it.
    const command = 'install_dependencies "$buildpack/vendor" "$build_dir" "$cache_dir"';
    await eventually(() => page.locator('.held .what').innerText()).toBe(command);
    expect(await page.locator('.held .where').innerText()).toMatch(/^staging-task:\S+ · bin\/compile:12$/);
    expect(await page.locator('.held .beside .is-held').textContent()).toContain(command);
    expect(await caption()).toContain('line 12 of compile, install_');
    await next.click();
    await eventually(() => next.getAttribute('aria-pressed')).toBe('false');
    await live();
  });

  it('serves no other file of this host', async () => {
    for (const file of ['../lab.json', 'wshd/../package.json', '/etc/passwd', 'staging/x/plugin_config', 'lab.json']) {
      const answer = await lab.api('GET', `/lab/source?file=${encodeURIComponent(file)}`);
      expect(answer.status, file).toBe(404);
    }
  });

  it('has a timeline with the lanes in their order, where a click is the same moment everywhere', async () => {
    await page.getByRole('tab', { name: 'Timeline' }).click();
    const names = page.locator('.lane-names > div');
    await eventually(() => names.count()).toBeGreaterThan(4);
    const lanes = (await names.allInnerTexts()).map((text) => text.replace(/^\S+\s+/, ''));
    const order = ['you', 'Router', 'Cloud Controller', 'Health Manager', 'DEA 0', 'Warden 0'];
    expect(lanes.filter((name) => order.includes(name))).toEqual(order.filter((name) => lanes.includes(name)));
    expect(lanes.at(-1)).toMatch(/^container /);
    expect(await page.locator('.lanes .causes').getAttribute('d')).toMatch(/^M/);
    const [picture, row] = await Promise.all([
      page.locator('.lanes svg').boundingBox(),
      names.filter({ hasText: 'DEA 0' }).boundingBox(),
    ]);
    await page.mouse.click((picture?.x ?? 0) + (picture?.width ?? 0) * 0.4, (row?.y ?? 0) + (row?.height ?? 0) - 6);
    await eventually(at).toBeGreaterThan(0);
    await eventually(() => page.locator('.row.chosen').count()).toBe(1);
    const here = at();
    await page.locator('.lanes').focus();
    expect(await travel('ArrowRight')).toBeGreaterThan(here);
    expect(await travel('ArrowLeft')).toBe(here);
    await page.getByRole('button', { name: 'lab time' }).click();
    await eventually(() => page.locator('.axis text').first().textContent()).toMatch(/^\d\d:\d\d\.\d{3}$/);
    await page.getByRole('button', { name: 'Table', exact: true }).click();
    await eventually(() => page.locator('.timeline-table [aria-current=true] button').innerText()).toBe(String(here));
    await live();
  });

  it('lists what is held when it is more than one, and a step opens the one that is chosen', async () => {
    await lab.api('POST', '/lab/pause', {});
    // A second path: the health manager's and router's answers are background, a request of ours is not.
    void lab.api('GET', '/v2/info').catch(() => undefined);
    await eventually(async () => (await held()).length).toBeGreaterThan(1);
    const all = await held();
    await eventually(() => page.locator('.waiting li').count()).toBe(all.length);
    const shown = page.locator('.held .what');
    const oldest = await shown.innerText();
    await page.locator('.waiting input[type=radio]').last().check();
    // The card is about the one that its button opens.
    await eventually(() => shown.innerText()).not.toBe(oldest);
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    const last = all.at(-1)?.gate;
    await press('s');
    await eventually(async () => (await held()).some((h) => h.gate === last)).toBe(false);
    expect((await held()).map((h) => h.gate)).toContain(all[0]?.gate);
  });

  it.each([
    [1280, 720],
    [1440, 900],
    [360, 740],
  ])('has a bar without overlaps at %i×%i', async (width, height) => {
    await page.setViewportSize({ width, height });
    const boxes = () =>
      page.locator('ws-bar :is(.caption, .clock, .scrubber, .live, .group, .more, .choices)').evaluateAll((all) =>
        all
          .map((e) => ({ name: e.className, box: e.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0)
          .map(({ name, box: { left, right, top, bottom } }) => ({ name, left, right, top, bottom })),
      );
    expect((await boxes()).length).toBeGreaterThan(5);
    // A window that has just changed its size is laid out again, and the bar after it.
    await eventually(async () => {
      const all = await boxes();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      return [
        ...(wide > width ? [`the page is ${wide} px wide`] : []),
        ...all.filter((a) => a.left < 0 || a.right > width).map((a) => `${a.name} sticks out`),
        ...all.flatMap((a, i) =>
          all
            .slice(i + 1)
            .filter((b) => a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 1 && b.bottom > a.top + 1)
            .map((b) => `${a.name} and ${b.name}`),
        ),
      ];
    }).toEqual([]);
    const tops = await page
      .locator('ws-bar .controls :is(button, summary, select)')
      .evaluateAll((all) =>
        all
          .filter((e) => e.getBoundingClientRect().width > 0 && !e.closest('ul'))
          .map((e) => Math.round(e.getBoundingClientRect().top / 24)),
      );
    expect(new Set(tops).size, 'rows of buttons').toBeLessThanOrEqual(2);
    const step = page.locator('.controls .step');
    const box = await step.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(height);
    expect(box?.height ?? 0).toBeGreaterThanOrEqual(32);
  });
});
