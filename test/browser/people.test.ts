// Several people and one lab, in real browsers: who drives and who follows, hand-over, the watchers' link; a terminal in a
// container that is held in its boot, the small browser, and what an app that was killed has led to.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFinds, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/people.test.ts ${whyNoBrowserLab}`);

describe.skipIf(whyNoBrowserLab !== '')('people and one lab', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let token: string;
  let teacher: Page;
  let pupil: Page;
  const problems: string[][] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, args: ['--listen', '0.0.0.0'], env: { WARDENSCOPE_TEST_WEB: '1' } });
    token = /^token of the lab's own API: (\S{16,})$/m.exec(lab.printed())?.[1] ?? '';
    browser = await launch();
    teacher = await enter(`${lab.url}/?token=${token}`);
    await teacher.locator('.seat-chip', { hasText: 'You drive' }).waitFor({ timeout: 45_000 });
    pupil = await enter(`${lab.url}/?token=${token}`);
    await order('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root', when: 'before', once: true });
    await order('POST', '/lab/push', { app: 'hello-node' });
    await until('a boot to be held', async () => held('pivot_root'));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems.flat()).toEqual([]);
  }, 60_000);

  async function enter(url: string): Promise<Page> {
    const opened = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    problems.push(opened.problems);
    await opened.page.goto(url);
    await opened.page.locator('.seat-chip').waitFor({ timeout: 45_000 });
    return opened.page;
  }
  /** As the command line does it. */
  const order = async (method: string, path: string, body?: object) => {
    const answer = await lab.api(method, path, body, { authorization: `bearer ${token}` });
    expect(answer.status, answer.text).toBeLessThan(300);
    return answer.text === '' ? undefined : answer.json();
  };
  const held = async (name: string) => {
    const { held: gates } = (await lab.api('GET', '/lab/state', undefined, { authorization: `bearer ${token}` })).json<{
      held: { gate: string; point: { name: string } }[];
    }>();
    return gates.find((h) => h.point.name === name)?.gate;
  };
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 45_000 });
  const chip = (page: Page) => page.locator('.seat-chip').innerText();
  const moment = (page: Page) => /[#&]at=(\d+)/.exec(page.url())?.[1];
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first().click();
  const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true }).click();

  it('lets a second page follow what the driver looks at, until it looks back by itself', async () => {
    expect(await chip(teacher)).toContain('1 watching');
    expect(await chip(pupil)).toContain('Watching');
    await teacher.locator('body').press('Home');
    await eventually(() => moment(teacher)).toBeTruthy();
    await eventually(() => moment(pupil)).toBe(moment(teacher));
    await pupil.locator('body').press('End');
    await eventually(() => moment(pupil)).toBe(undefined);
    await eventually(() => chip(pupil)).toContain('looking around');
    expect(moment(teacher)).toBeTruthy();
    await press(pupil, 'Follow the driver');
    await eventually(() => moment(pupil)).toBe(moment(teacher));
    await teacher.locator('body').press('End');
    await eventually(() => moment(pupil)).toBe(undefined);
  });

  it('refuses a watcher’s order with a sentence, and hands over by one button', async () => {
    const gate = await held('pivot_root');
    await pupil.locator('body').press('s');
    await pupil.locator('.seat-line', { hasText: 'you are watching' }).waitFor();
    expect(await held('pivot_root')).toBe(gate);
    await press(pupil, 'Ask to drive');
    await teacher.locator('.seat-line', { hasText: 'asks to drive' }).waitFor();
    expect(await axeFinds(teacher, '.seat-line')).toEqual([]);
    await press(teacher, 'Hand over');
    await eventually(() => chip(pupil)).toContain('You drive');
    await eventually(() => chip(teacher)).toContain('Watching');
    await teacher.locator('.seat-chip').click();
    await teacher.getByRole('dialog').getByRole('button', { name: 'Take over' }).click();
    await eventually(() => chip(teacher)).toContain('You drive');
    await teacher.keyboard.press('Escape');
    await pupil.locator('.seat-line', { hasText: 'drives now' }).waitFor();
  });

  it('shows a link and its QR code, by which somebody else watches and cannot take over', async () => {
    await teacher.locator('.seat-chip').click();
    const dialog = teacher.getByRole('dialog');
    await dialog.locator('svg.qr path').waitFor();
    expect(await axeFinds(teacher, 'dialog')).toEqual([]);
    const link = new URL(await dialog.locator('.people-link input').first().inputValue());
    expect(link.searchParams.get('token')).not.toBe(token);
    await teacher.keyboard.press('Escape');
    const guest = await enter(`${lab.url}/${link.search}`);
    expect(new URL(guest.url()).search).toBe('');
    expect(await guest.evaluate('document.cookie')).toBe('');
    await guest.locator('.seat-chip').click();
    await guest.getByRole('dialog').getByRole('button', { name: 'Ask to drive' }).waitFor();
    expect(await guest.getByRole('dialog').getByRole('button', { name: 'Take over' }).count()).toBe(0);
    expect(await guest.getByText('A link that can also take over').count()).toBe(0);
    await guest.context().close();
  });

  it('goes into a container that is held in its boot, says by which way, and keeps its keys from the page', async () => {
    const gate = await held('pivot_root');
    await tab(teacher, 'Terminal');
    await eventually(() => teacher.locator('ws-terminals option').first().innerText()).toMatch(
      /staging hello-node.*held/,
    );
    await press(teacher, 'Open a terminal');
    await teacher.locator('.terminal-status.ready', { hasText: 'comes from the host' }).waitFor({ timeout: 45_000 });
    await teacher.keyboard.type('echo "in $(hostname) $((6 * 7))"; ls -d /*\n');
    await eventually(() => teacher.locator('.terminal-room').innerText()).toMatch(/in \S+ 42/);
    await eventually(() => teacher.locator('.terminal-room').innerText()).toContain('/usr');
    expect(await held('pivot_root')).toBe(gate);
    await teacher.keyboard.press('Escape');
    await teacher.keyboard.press('Escape');
    await eventually(() => teacher.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tab');
    await teacher.locator('.terminal-room textarea').focus();
    await teacher.keyboard.type('exit\n');
    await teacher.locator('.terminal-status.exited').waitFor();
    expect(await axeFinds(teacher, 'ws-slot[place=drawer]')).toEqual([]);
  });

  it('asks the app through the router, says who answered, and leads to the entries', async () => {
    await order('POST', '/lab/continue', {});
    await until('the app to answer', async () => {
      const answer = await order('POST', '/lab/ask', { app: 'hello-node' });
      return answer?.status === 200;
    });
    await tab(teacher, 'Browser');
    await eventually(() => teacher.getByRole('combobox', { name: 'Address' }).inputValue()).toBe(
      'hello-node.localhost/',
    );
    await press(teacher, 'Ask');
    await teacher.locator('.answer-line strong', { hasText: '200' }).waitFor({ timeout: 45_000 });
    expect(await teacher.locator('.answer-line').innerText()).toContain('answered by hello-node #0 on node 0');
    expect(await teacher.locator('.answer pre').innerText()).toContain('Hello from');
    expect(await axeFinds(teacher, 'ws-slot[place=drawer]')).toEqual([]);
    const entry = teacher.getByRole('button', { name: /See its entries/ });
    const seq = /\d+/.exec(await entry.innerText())?.[0];
    await entry.click();
    await eventually(() => moment(teacher)).toBe(seq);
    await teacher.locator('body').press('End');
  });

  it('shows a page of an app without anything that it could do', async () => {
    const asked: string[] = [];
    teacher.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const page = `<title>x</title><h1 style="color:red">Hi</h1><script>parent.document.title = 'taken'</script>
      <img src="/lab/evil.png" onerror="parent.document.title = 'taken'"><a href="/elsewhere" target="_self">go</a>
      <meta http-equiv="refresh" content="0;url=/refreshed">`;
    await teacher.route('**/lab/ask', (route) =>
      route.fulfill({
        json: {
          ...{ host: 'evil.localhost', path: '/', status: 200, headers: { 'content-type': 'text/html' } },
          ...{ body: page, encoding: 'utf8', cut: false, ms: 1, answerer: null, seq: null },
        },
      }),
    );
    await press(teacher, 'Ask');
    const frame = teacher.frameLocator('.answer iframe');
    await eventually(() => frame.locator('h1').innerText()).toBe('Hi');
    await frame.locator('a').click();
    await eventually(() => frame.locator('h1').innerText()).toBe('Hi');
    expect(await teacher.title()).not.toBe('taken');
    expect(asked.filter((path) => /evil|elsewhere|refreshed/.test(path))).toEqual([]);
    // Not left to the frame's policy alone: a browser may ask ahead, before it has read that.
    expect(await teacher.locator('.answer iframe').getAttribute('srcdoc')).not.toMatch(/evil|refreshed/);
    await teacher.unroute('**/lab/ask');
  });

  it('kills the app, and links what has followed from it', async () => {
    await tab(teacher, 'What if');
    await tab(pupil, 'What if');
    await eventually(() => pupil.locator('.whatif-orders').innerText()).toContain('You are watching');
    const kill = teacher.locator('ws-whatif').getByRole('button', { name: 'Kill', exact: true });
    await eventually(() => kill.isEnabled()).toBe(true);
    await kill.click();
    await teacher.locator('.whatif-row', { hasText: 'CRASHED' }).first().waitFor({ timeout: 45_000 });
    expect(await teacher.locator('.whatif-says').innerText()).toMatch(/Killing hello-node #0 led to \d+ entries/);
    expect(await axeFinds(teacher, 'ws-slot[place=drawer]')).toEqual([]);
    const crash = teacher.locator('.whatif-row', { hasText: 'CRASHED' }).first();
    const seq = await crash.locator('.number').innerText();
    await crash.click();
    await eventually(() => moment(teacher)).toBe(seq);
    await eventually(() => moment(pupil)).toBe(seq);
  });
});
