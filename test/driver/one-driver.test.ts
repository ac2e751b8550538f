// One driver, many watchers, over HTTP against a whole lab that listens widely: what is refused to whom, how the seat is
// handed over, and what a watcher's link can do. Traffic stays on loopback.
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Answer, ask, until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/driver/one-driver.test.ts (${skipped})`);

interface Seat {
  you: number;
  driver: number | null;
  here: boolean;
  people: { n: number; name: string; may: boolean; asks: boolean }[];
  place: string;
}

describe.skipIf(skipped)('one driver, many watchers', () => {
  let lab: RunningLab;
  let token: string;
  let watch: string;
  let pages: Page[] = [];
  beforeAll(async () => {
    lab = await startLab({ deas: 1, args: ['--listen', '0.0.0.0'] });
    token = /^token of the lab's own API: (\S{16,})$/m.exec(lab.printed())?.[1] ?? '';
    const share = await lab.api('GET', '/lab/driver/share', undefined, { authorization: `bearer ${token}` });
    const { watch: links } = share.json<{ watch: string[] }>();
    watch = new URL(links[0] ?? 'http://none/').searchParams.get('token') ?? '';
  }, 120_000);
  afterAll(() => lab?.stop(), 60_000);
  // Each page closes its stream; the next test's first page is then alone and has the seat at its first order.
  beforeEach(async () => {
    for (const page of pages) page.close();
    pages = [];
    await until('the lab to know that all are gone', async () => {
      const probe = await open('probe-page');
      const alone = await until('the seat', () => probe.seat()).then((s) => s.people.length === 1);
      probe.close();
      return alone;
    });
  });

  interface Page {
    seat(): Seat | undefined;
    told: { what: string }[];
    order(path: string, body?: object): Promise<Answer>;
    close(): void;
  }

  /** A page as a browser has one: its stream, and orders with its number. */
  async function open(id: string, word = token, name = ''): Promise<Page> {
    let seat: Seat | undefined;
    const told: { what: string }[] = [];
    const headers = { authorization: `bearer ${word}` };
    const stream = request(`${lab.url}/lab/stream?after=1000000&client=${id}&name=${name}`, { headers, agent: false });
    stream.on('response', (res) => {
      let rest = '';
      res.setEncoding('utf8');
      res.on('error', () => undefined);
      res.on('data', (text: string) => {
        const parts = (rest + text).split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts) {
          const [, event, data = ''] = /^event: (seat|told)\ndata: (.*)$/.exec(part) ?? [];
          if (event === 'seat') seat = JSON.parse(data);
          if (event === 'told') told.push(JSON.parse(data));
        }
      });
    });
    stream.on('error', () => undefined);
    stream.end();
    const page: Page = {
      seat: () => seat,
      told,
      order: (path, body = {}) => lab.api('POST', `/lab/${path}`, body, { ...headers, 'x-wardenscope-client': id }),
      close: () => stream.destroy(),
    };
    pages.push(page);
    await until(`${id} to have its place`, () => seat);
    return page;
  }
  const drives = (page: Page) => page.seat()?.driver === page.seat()?.you;

  it('obeys the driver and the command line, and refuses a watcher with a sentence', async () => {
    const a = await open('teacher-a', token, 'Aiko');
    expect((await a.order('pause')).status).toBe(200);
    const b = await open('pupil-page-b');
    for (const path of ['continue', 'step', 'breakpoints', 'push', 'faults', 'nodes', 'motion-ended', 'pace']) {
      const refused = await b.order(path);
      expect(refused.status, path).toBe(409);
      expect(refused.json(), path).toMatchObject({ watching: true, error: expect.stringContaining('Aiko drives') });
    }
    const bare = await lab.api('POST', '/lab/continue', {}, { authorization: `bearer ${token}` });
    expect(bare.status).toBe(200);
    expect(b.seat()?.people.map((p) => p.name)).toEqual(['Aiko', '']);
  });

  it('is handed over by the driver to whom he names, who drives from then on', async () => {
    const a = await open('teacher-a');
    expect((await a.order('continue')).status).toBe(200);
    const b = await open('pupil-page-b');
    expect((await b.order('driver/ask')).status).toBe(204);
    const asking = await until('the wish', () => a.seat()?.people.find((p) => p.asks));
    expect((await b.order('driver/hand-over', { to: asking.n })).status).toBe(409);
    expect((await a.order('driver/hand-over', { to: asking.n })).status).toBe(204);
    await until('the seat to be the pupil’s', () => drives(b));
    expect((await b.order('continue')).status).toBe(200);
    expect((await a.order('continue')).status).toBe(409);
    expect((await a.order('driver/take')).status).toBe(204);
    await until('the pupil to be told', () => b.told.find((news) => news.what === 'taken'));
  });

  it('lets watchers see what the driver looks at', async () => {
    const a = await open('teacher-a');
    expect((await a.order('continue')).status).toBe(200);
    const b = await open('pupil-page-b');
    await a.order('driver/place', { place: 'at=7' });
    await until('the place', () => b.seat()?.place === 'at=7');
    await b.order('driver/place', { place: 'at=8' });
    expect(a.seat()?.place).toBe('at=7');
  });

  it('a watcher’s link looks and asks the app, and drives only when it was handed the seat', async () => {
    const a = await open('teacher-a');
    expect((await a.order('continue')).status).toBe(200);
    const guest = await open('guest-page-c', watch);
    const bearer = { authorization: `bearer ${watch}` };
    expect((await lab.api('GET', '/lab/journal', undefined, bearer)).status).toBe(200);
    const bare = await lab.api('POST', '/lab/pause', {}, bearer);
    expect([bare.status, (await guest.order('pause')).status]).toEqual([409, 409]);
    expect((await guest.order('driver/take')).status).toBe(409);
    expect((await lab.api('POST', '/lab/driver/hand-over', { to: guest.seat()?.you }, bearer)).status).toBe(403);
    expect((await guest.order('ask', { app: 'nobody' })).status).toBe(200);
    expect((await lab.api('GET', '/lab/driver/share', undefined, bearer)).json()).toMatchObject({ drive: [] });
    const guestShell = () => shell(`/lab/terminal/any?client=guest-page-c`, bearer);
    expect(await guestShell()).toBe(403);
    await a.order('driver/hand-over', { to: guest.seat()?.you });
    await until('the guest to drive', () => drives(guest));
    expect((await guest.order('pause')).status).toBe(200);
    expect((await guest.order('continue')).status).toBe(200);
    expect(await guestShell()).toBe(101);
  });

  /** The status that a terminal's upgrade is answered with. */
  function shell(path: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve) => {
      const ws = new WebSocket(`${lab.url.replace('http', 'ws')}${path}`, { headers });
      ws.on('error', () => undefined);
      ws.on('unexpected-response', (_req, res) => resolve(res.statusCode ?? 0));
      ws.on('open', () => {
        resolve(101);
        ws.close();
      });
    });
  }

  it('takes a token from the page’s address into a cookie and out of the address', async () => {
    const entered = await ask(`${lab.url}/?token=${watch}&x=1`);
    expect(entered.status).toBe(303);
    expect(entered.headers.location).toBe('/?x=1');
    expect(entered.headers['referrer-policy']).toBe('no-referrer');
    const [cookie = ''] = entered.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    const own = { cookie: cookie.split(';')[0] ?? '' };
    expect((await lab.api('GET', '/lab/state', undefined, own)).status).toBe(200);
    expect((await lab.api('POST', '/lab/pause', {}, own)).status).toBe(409);
    const wrong = await ask(`${lab.url}/?token=wrong`);
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([303, undefined]);
  });

  it('a stream that a page of another site opens has no place in the seat', async () => {
    const a = await open('teacher-a');
    const headers = { authorization: `bearer ${token}`, 'sec-fetch-site': 'cross-site' };
    const stream = request(`${lab.url}/lab/stream?client=evil-page-x`, { headers, agent: false });
    await new Promise((resolve) => {
      stream.on('response', resolve);
      stream.end();
    });
    await a.order('driver/name', { name: 'Aiko' });
    await until('the new name', () => a.seat()?.people.some((p) => p.name === 'Aiko'));
    expect(a.seat()?.people.length).toBe(1);
    stream.destroy();
  });
});
