// Everybody can use the page: by keyboard, by ear, on a phone, on a projector, in dark and in forced colours. Every panel
// that is registered is looked at, so that a new one is held to the same promises.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { PANELS } from '../../web/panels.ts';
import { newsFrom } from '../../web/spoken.ts';
import { axeFinds, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/everybody.test.ts ${whyNoBrowserLab}`);

const NAME = { dock: 'show', under: 'under', drawer: 'below' } as const;

describe.skipIf(whyNoBrowserLab)('everybody', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    await lab.api('POST', '/lab/kernel-recording', { on: true });
    await lab.api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when: 'after', once: true });
    await lab.api('POST', '/lab/push', { app: 'hello-node' });
    await until(
      'a boot held after pivot_root',
      async () => (await lab.api('GET', '/lab/state')).text.includes('"held":[{'),
      60_000,
    );
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
  }, 60_000);

  const at = async (page: Page, hash: string) => {
    // One and the same page to the lab, one after another: it drives, and has not to wait for the seat of the one before.
    await page.addInitScript(() => sessionStorage.setItem('wardenscope-client', 'e'.repeat(32)));
    const opened = page.url().startsWith(lab.url);
    await page.goto(`${lab.url}/#${hash}`);
    // Another hash alone would not load the page anew.
    if (opened) await page.reload();
    await page.locator('.caption').first().waitFor();
    await page.locator('.slot-panel > *').first().waitFor();
  };

  for (const { id, place } of PANELS)
    it(`finds nothing with axe in the panel ${id}, light and dark, and on a phone without scrolling sideways`, async () => {
      const found: string[] = [];
      for (const [colorScheme, width, height] of [
        ['light', 1440, 900],
        ['dark', 1280, 720],
        ['light', 360, 740],
      ] as const) {
        const { page, problems } = await openPage(browser, { colorScheme, viewport: { width, height } });
        await at(page, `${NAME[place]}=${id}`);
        await page.locator(`#tab-${id}[aria-selected=true]`).waitFor();
        for (const f of await axeFinds(page)) found.push(`${colorScheme} ${width}: ${f}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${colorScheme} ${width}: ${wide} px too wide`);
        found.push(...problems);
        await page.context().close();
      }
      expect(found).toEqual([]);
    });

  /** A lab on which nothing has happened yet, for as long as `use` takes. */
  const onFreshLab = async (use: (fresh: RunningLab) => Promise<void>) => {
    const fresh = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    try {
      await use(fresh);
    } finally {
      await fresh.stop();
    }
  };

  const SCREENS: readonly (readonly [name: string, open: (page: Page) => Promise<void>])[] = [
    [
      'the help sheet',
      async (page) => {
        await page.keyboard.press('?');
        await page.locator('.sheet').waitFor();
      },
    ],
    [
      'the menu',
      async (page) => {
        await page.locator('.menu-button').click();
        await page.locator('#page-menu').waitFor();
      },
    ],
    [
      'presenter mode',
      async (page) => {
        await page.keyboard.press('f');
        await page.locator('main.folded').waitFor();
      },
    ],
    [
      "the host's view",
      async (page) => {
        await page.keyboard.press('h');
        await page.locator('ws-stage svg.host-view').waitFor();
      },
    ],
    [
      'the page without its dock',
      async (page) => {
        await page.keyboard.press('d');
        await page.locator('main.undocked').waitFor();
      },
    ],
  ];
  for (const [name, open] of SCREENS)
    it(`finds nothing with axe in ${name}, light and dark`, async () => {
      const found: string[] = [];
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, problems } = await openPage(browser, { colorScheme, viewport: { width: 1440, height: 900 } });
        await at(page, '');
        await open(page);
        for (const f of await axeFinds(page)) found.push(`${colorScheme}: ${f}`);
        found.push(...problems);
        await page.context().close();
      }
      expect(found).toEqual([]);
    });

  it('is readable from the last row: a caption of 28 px and nothing under 16 px in presenter mode at 1280×720', async () => {
    const { page } = await openPage(browser, { viewport: { width: 1280, height: 720 } });
    await at(page, '');
    await page.keyboard.press('f');
    await page.locator('main.folded').waitFor();
    const texts = await page.evaluate(() => {
      const seen: { text: string; size: number }[] = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        const text = node.textContent?.trim() ?? '';
        if (!element || text === '' || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
          continue;
        const box = element.getBoundingClientRect();
        if (box.width <= 1 || box.height <= 1) continue;
        const css = Number.parseFloat(getComputedStyle(element).fontSize);
        // A drawing is scaled as a whole: what counts is how large its letters are on the screen.
        const scale = element instanceof SVGGraphicsElement ? (element.getScreenCTM()?.d ?? 1) : 1;
        seen.push({ text, size: Math.round(css * scale * 10) / 10 });
      }
      return seen;
    });
    const caption = await page.locator('.caption').first().innerText();
    expect(texts.find((t) => caption.startsWith(t.text))?.size).toBeGreaterThanOrEqual(28);
    expect(texts.filter((t) => t.size < 16)).toEqual([]);
    expect(texts.length).toBeGreaterThan(10);
    await page.context().close();
  });

  it('reaches every tab and button by Tab, and shows what has the focus', async () => {
    const { page } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    await at(page, '');
    await page.keyboard.press('?');
    await page.locator('.sheet').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.sheet').waitFor({ state: 'detached' });
    // Every tab and button is reached by Tab, and what has the focus can be seen to have it.
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(() => {
          const at = document.activeElement;
          const ring = at ? getComputedStyle(at).outlineStyle : '';
          return `${at?.id || at?.className || at?.tagName} ${ring}`;
        }),
      );
    }
    const names = [...reached].join('\n');
    expect(names).toMatch(/tab-record/);
    expect(names).toMatch(/command step/);
    expect(names.split('\n').filter((n) => n.endsWith(' none') && !n.startsWith('BODY'))).toEqual([]);
    await page.context().close();
  });

  it(
    'does everything of a push by keyboard alone: push, host view, step, back, forward, live, into the container',
    () =>
      onFreshLab(async (fresh) => {
        await fresh.api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when: 'after', once: true });
        const { page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
        await page.goto(`${fresh.url}/`);
        await page.locator('.hero .push').waitFor();
        const focused = (selector: string) =>
          page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector);
        const state = async () => JSON.parse((await fresh.api('GET', '/lab/state')).text);
        const hash = () => new URL(page.url()).hash;
        for (let i = 0; i < 40 && !(await focused('.hero .push')); i++) await page.keyboard.press('Tab');
        expect(await focused('.hero .push')).toBe(true);
        await page.keyboard.press('Enter');
        await expect.poll(async () => (await state()).held.map((h: { by: string }) => h.by)).toContain('beat');
        // Into the container, once the boot is held in it.
        await expect.poll(async () => (await state()).held[0]?.point.name, { timeout: 90_000 }).toBe('pivot_root');
        await page.locator('.held', { hasText: 'pivot_root' }).waitFor();
        await page.keyboard.press('Escape');
        await expect.poll(hash).toContain('in=platform');
        await page.keyboard.press('Enter');
        await page.locator('ws-stage svg.near').waitFor();
        expect(hash()).not.toContain('in=platform');
        await page.keyboard.press('h');
        await page.locator('ws-stage svg.host-view').waitFor();
        await page.keyboard.press('h');
        await page.locator('ws-stage svg:not(.host-view)').waitFor();
        const gate = (await state()).held[0].gate;
        await page.keyboard.press('s');
        await expect.poll(async () => (await state()).held[0]?.gate ?? gate).not.toBe(gate);
        const shown = async () => Number(/at=(\d+)/.exec(hash())?.[1] ?? Number.NaN);
        await page.keyboard.press('PageUp');
        await expect.poll(shown).toBeGreaterThan(0);
        const first = await shown();
        await page.keyboard.press('PageUp');
        await expect.poll(shown).toBeLessThan(first);
        const { head } = await state();
        await page.keyboard.press('PageDown');
        await expect.poll(shown).toBe(first);
        // In the past a clicker opens nothing.
        expect((await state()).head).toBe(head);
        // Out of the container first, then to the newest entry.
        await page.keyboard.press('End');
        await expect.poll(hash).not.toContain('in=');
        await page.keyboard.press('End');
        await expect.poll(hash).not.toContain('at=');
        expect(problems).toEqual([]);
        await page.context().close();
      }),
    240_000,
  );

  it(
    'reports a beat when its motion has ended, and speaks each one: in order, none lost at the pace of a reader',
    () =>
      onFreshLab(async (fresh) => {
        const open = async (reading: 'brisk' | 'calm') => {
          const { page, problems } = await openPage(browser, { reducedMotion: 'no-preference' });
          await page.addInitScript((reading) => {
            if (location.protocol === 'about:') return;
            sessionStorage.setItem('wardenscope-client', 'b'.repeat(32));
            localStorage.wardenscope = JSON.stringify({ reading });
            // What still moves when the page reports that nothing does; what has moved at all; what was spoken.
            const seen = { reports: [] as number[], moved: 0, spoken: [] as string[] };
            Object.assign(window, { seen });
            const ask = window.fetch;
            window.fetch = (...args) => {
              if (String(args[0]).endsWith('/lab/motion-ended'))
                seen.reports.push(document.querySelectorAll('ws-stage .moving').length);
              return ask(...args);
            };
            new MutationObserver((changes) => {
              for (const { target, addedNodes } of changes) {
                for (const node of addedNodes) if (node instanceof Element && node.matches('.moving')) seen.moved += 1;
                if (target instanceof Element && target.matches('[aria-live]'))
                  seen.spoken.push(target.textContent ?? '');
              }
            }).observe(document, { childList: true, subtree: true });
          }, reading);
          await page.goto(`${fresh.url}/`);
          return { page, problems };
        };
        const seen = (page: Page) =>
          page.evaluate(
            () => (window as unknown as { seen: { reports: number[]; moved: number; spoken: string[] } }).seen,
          );

        const brisk = await open('brisk');
        await brisk.page.locator('.hero .push').click();
        await expect.poll(async () => (await seen(brisk.page)).reports.length, { timeout: 90_000 }).toBeGreaterThan(9);
        const { reports, moved } = await seen(brisk.page);
        expect(moved).toBeGreaterThan(0);
        expect(reports.filter((moving) => moving > 0)).toEqual([]);
        expect(brisk.problems).toEqual([]);
        await brisk.page.context().close();

        const calm = await open('calm');
        await expect.poll(async () => (await seen(calm.page)).spoken.length, { timeout: 90_000 }).toBeGreaterThan(9);
        const { spoken } = await seen(calm.page);
        const { entries }: { entries: Entry[] } = JSON.parse(
          (await fresh.api('GET', '/lab/journal?after=0&limit=5000')).text,
        );
        const sentences = newsFrom(entries, 0, 'beat').map((e) => sentenceOf(e).en);
        expect(sentences.join(' ')).toContain(spoken.join(' '));
        expect(calm.problems).toEqual([]);
        await calm.page.context().close();
      }),
    240_000,
  );

  it('speaks of the moment that the reader turns to', async () => {
    const { page } = await openPage(browser);
    await at(page, '');
    const caption = () => page.locator('.caption').innerText();
    const before = await caption();
    await page.keyboard.press('k');
    await expect.poll(caption).not.toBe(before);
    await expect.poll(() => page.locator('[aria-live=polite]').innerText()).toBe(await caption());
    await page.context().close();
  });

  it('has its captions in English, in Japanese, or in both', async () => {
    const { page } = await openPage(browser, { locale: 'en' });
    await at(page, '');
    const captions = () => page.locator('.caption').allInnerTexts();
    await expect.poll(async () => (await captions())[0]).toContain('pivot_root');
    const [english = ''] = await captions();
    await page.keyboard.press('l');
    await expect.poll(async () => (await captions())[0]).not.toBe(english);
    const [japanese = ''] = await captions();
    expect(japanese).toMatch(/[ぁ-ん]/);
    await page.keyboard.press('l');
    await expect.poll(captions).toEqual([japanese, english]);
    expect(await page.locator('.caption.second').getAttribute('lang')).toBe('en');
    await page.keyboard.press('l');
    await expect.poll(captions).toEqual([english]);
    await page.context().close();
  });

  it('folds the dock away by key and by its edge: the stage has the room, and the URL knows', async () => {
    const { page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    await at(page, '');
    const width = async () => (await page.locator('ws-stage').boundingBox())?.width ?? 0;
    const before = await width();
    await page.keyboard.press('d');
    await page.locator('main.undocked').waitFor();
    await expect.poll(width).toBeGreaterThan(before + 200);
    expect(await page.locator('#tab-record').isVisible()).toBe(false);
    expect(new URL(page.url()).hash).toContain('dock=folded');
    await page.reload();
    await page.locator('.dock-fold.folded').click();
    await page.locator('#tab-record').waitFor();
    expect(Math.abs((await width()) - before)).toBeLessThan(2);
    await page.locator('.dock-fold:not(.folded)').click();
    await page.locator('main.undocked').waitFor();
    // What is asked for is shown.
    await page.keyboard.press('/');
    await page.locator('ws-record input[type=search]:focus').waitFor();
    expect(await page.locator('.row').count()).toBeGreaterThan(5);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it('keeps its shapes in forced colours: what is held, where the cursor is, which tab is open', async () => {
    const { page, problems } = await openPage(browser, {
      forcedColors: 'active',
      viewport: { width: 1440, height: 900 },
    });
    await at(page, '');
    const open = page.locator('[role=tab][aria-selected=true]').first();
    const other = page.locator('[role=tab][aria-selected=false]').first();
    const border = (l: typeof open) => l.evaluate((e) => getComputedStyle(e).borderBottomColor);
    expect(await border(open)).not.toBe(await border(other));
    expect(await page.locator('.row.chosen').evaluate((e) => getComputedStyle(e).outlineStyle)).not.toBe('none');
    // Held is a striped bar, in the list and on the stage: its stripes are of two of the reader's own colours.
    const colour = (name: string) =>
      page.evaluate((name) => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.color = name;
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      }, name);
    const [stripe, ground] = [await colour('LinkText'), await colour('Canvas')];
    expect(stripe).not.toBe(ground);
    const bars = await page
      .locator('i.bar:visible')
      .evaluateAll((all) => all.map((e) => getComputedStyle(e).backgroundImage));
    expect(bars.length).toBeGreaterThan(0);
    for (const image of bars) expect([image.includes(stripe), image.includes(ground)]).toEqual([true, true]);
    const fill = (part: string) => page.locator(`ws-stage #closed .${part}`).evaluate((e) => getComputedStyle(e).fill);
    expect([await fill('closed-stripe'), await fill('closed-ground')]).toEqual([stripe, ground]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it(
    'lets a phone push, step and read the caption',
    () =>
      onFreshLab(async (fresh) => {
        const { page, problems } = await openPage(browser, { viewport: { width: 360, height: 740 }, hasTouch: true });
        await page.goto(`${fresh.url}/`);
        await page.locator('.hero .push').waitFor();
        expect(await axeFinds(page)).toEqual([]);
        await fresh.api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when: 'after', once: true });
        await page.locator('.hero .push').tap();
        await expect
          .poll(async () => (await fresh.api('GET', '/lab/journal?after=0&limit=5000')).text, { timeout: 60_000 })
          .toContain('"run":"push');
        await page.locator('.held', { hasText: 'pivot_root' }).waitFor({ timeout: 90_000 });
        // The picture is drawn for the room that it has: no letter of it is scaled down.
        const scale = () =>
          page
            .locator('ws-stage svg')
            .first()
            .evaluate((svg) => (svg as SVGSVGElement).getScreenCTM()?.a);
        await expect.poll(scale).toBeCloseTo(1, 1);
        const caption = page.locator('.caption').first();
        const box = await caption.boundingBox();
        expect(box && box.x >= 0 && box.x + box.width <= 360).toBe(true);
        expect(await page.locator('header .push').isVisible()).toBe(true);
        const before = await caption.innerText();
        const step = page.locator('.controls .step');
        await step.scrollIntoViewIfNeeded();
        await step.tap();
        await expect.poll(() => caption.innerText(), { timeout: 20_000 }).not.toBe(before);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        expect(problems).toEqual([]);
        await page.context().close();
      }),
    240_000,
  );

  it('comes whole although the browser broke off a style and a panel, as it does when a network link comes', async () => {
    const { page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    const broken = new Set<string>();
    await page.route(/assets\/(index|sequence)-[\w-]+\.css$|assets\/sequence-[\w-]+\.js$/, (route) => {
      const first = !broken.has(route.request().url());
      broken.add(route.request().url());
      return first && route.request().url().endsWith('.css') ? route.abort('connectionaborted') : route.continue();
    });
    await at(page, 'show=sequence');
    await page.locator('ws-sequence .sequence-head, ws-sequence svg, ws-sequence table').first().waitFor();
    await expect
      .poll(() => page.locator('ws-page').evaluate((e) => getComputedStyle(e).display), { timeout: 20_000 })
      .toBe('flex');
    expect(broken.size).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it(
    'gives the stage free with the first beat of a push, and Space then pauses',
    () =>
      onFreshLab(async (fresh) => {
        const { page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
        await page.goto(`${fresh.url}/`);
        await page.locator('.hero .push').waitFor();
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await axeFinds(page)).toEqual([]);
        }
        await page.locator('.hero .push').click();
        await page.locator('.held .what').waitFor({ timeout: 60_000 });
        expect(await page.locator('.hero').count()).toBe(0);
        // The run itself has not begun yet: these are the requests before it.
        expect((await fresh.api('GET', '/lab/journal?after=0&limit=5000')).text).not.toContain('"run":"push');
        await page.keyboard.press(' ');
        await expect
          .poll(async () => (await fresh.api('GET', '/lab/state')).text, { timeout: 60_000 })
          .toContain('"paused":true');
        expect(problems).toEqual([]);
        await page.context().close();
      }),
    180_000,
  );
});
