// The lesson panel of a page as its reader uses it, and a lesson of a test's own in the place of the one that was built.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Lesson } from '../../machines/lesson.ts';
import { LOOKS_AT } from '../../web/lesson/looks.ts';

export interface LessonPage {
  panel(): ReturnType<Page['locator']>;
  /** Options that can still be chosen. */
  options(): ReturnType<Page['locator']>;
  tries(text: string | RegExp): ReturnType<Page['locator']>;
  replies(): Promise<string>;
  next(): ReturnType<Page['locator']>;
  /** The step is open, and what it says has come true. */
  told(step: number): Promise<void>;
  /** The step is open, whatever it waits for. */
  at(step: number): Promise<void>;
  goOn(): Promise<void>;
  press(name: string): Promise<void>;
}

const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000 });

export function lessonPage(page: Page, lesson: Lesson): LessonPage {
  const panel = () => page.locator('ws-lesson');
  const at = (step: number) =>
    panel()
      .locator('.lesson-count', { hasText: `Step ${step} of ${lesson.steps.length}` })
      .waitFor();
  const next = () => panel().locator('.lesson-next');
  return {
    panel,
    at,
    next,
    options: () => panel().locator('.lesson-option:not(:disabled)'),
    tries: (text) => panel().locator('.lesson-try', { hasText: text }),
    replies: async () => (await panel().locator('.lesson-reply').allInnerTexts()).join(),
    async told(step) {
      await at(step);
      await eventually(() => panel().locator('.lesson-coming').count()).toBe(0);
      expect(new URL(page.url()).hash).toContain(`lesson=${lesson.id}&step=${step}`);
      const look = lesson.steps[step - 1]?.look;
      // What a step points at is there to be seen, and lit.
      const lit = look && LOOKS_AT[look].light.length > 0 ? 1 : 0;
      await eventually(() => page.locator('.lesson-light:not(.cover):not([hidden])').count()).toBe(lit);
      await eventually(() => panel().locator('.lesson-obstacle').allInnerTexts()).toEqual([]);
    },
    async goOn() {
      await eventually(() => next().isEnabled()).toBe(true);
      await next().click();
    },
    press: (name) => panel().getByRole('button', { name, exact: true }).click(),
  };
}

/** From now on this page's first lesson is the one of this text: it is put into the program where that was built in. */
export async function giveLesson(page: Page, source: string): Promise<void> {
  await page.route('**/assets/*.js', async (route) => {
    const response = await route.fetch();
    const { 'content-encoding': _, 'content-length': __, ...headers } = response.headers();
    await route.fulfill({ response, headers, body: withLesson(await response.text(), source) });
  });
}

function withLesson(script: string, source: string): string {
  const id = script.indexOf('id: a-push-in-five-minutes');
  if (id < 0) return script;
  const open = Math.max(...['`', '"', "'"].map((quote) => script.lastIndexOf(quote, id)));
  let close = id;
  for (; script[close] !== script[open]; close++) if (script[close] === '\\') close++;
  return script.slice(0, open) + JSON.stringify(source) + script.slice(close + 1);
}
