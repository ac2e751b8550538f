// The Cloud Controller under the debugger: what is held waits, what is not goes on, and every message has its cause.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Upward } from '../../machines/lab-link.ts';
import { pushBits, running, start, type Target, target } from './client.ts';
import { type Rig, rig, until } from './support.ts';

let cf: Rig;
let to: Target;
beforeEach(async () => {
  cf = await rig();
  to = await target(cf, 'L');
});
afterEach(async () => {
  cf.lab.open();
  await cf.close();
});

const messages = (subject: string) => cf.sent.filter(([s]) => s === subject).map(([, m]) => m);

/** The entries from `last` back to its beginning. */
function chain(last: Upward): Upward[] {
  const byNumber = new Map(cf.lab.entries().map((e) => [e.n, e]));
  const back: Upward[] = [];
  for (let e: Upward | undefined = last; e; e = e.cause === null ? undefined : byNumber.get(e.cause)) back.push(e);
  return back;
}

function sentMessage(name: string): Upward {
  const found = cf.lab
    .entries()
    .filter(({ body }) => body.type === 'message' && body.phase === 'sent' && body.name === name)
    .at(-1);
  if (!found) throw new Error(`nobody sent ${name}`);
  return found;
}

function titles(entries: Upward[]): string[] {
  return entries.map(({ body }) => {
    if (body.type === 'message') return `${body.phase} ${body.name}`;
    if (body.type === 'transition') return `${body.machine} ${body.event}`;
    return body.type === 'effect' ? `${body.name} ${body.phase}` : body.type;
  });
}

describe('the chain of causes', () => {
  it('leads from a staging request back to the PUT that started the app', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    await start(cf, app);
    const back = chain(sentMessage('staging.0-dea.start'));
    expect(titles(back)).toEqual([
      'sent staging.0-dea.start',
      'sent staging.stop',
      'requestStaging start',
      'app start',
      'log',
      expect.stringMatching(/^received PUT \/v2\/apps/),
    ]);
    expect(back.at(-1)?.body.begins).toBe('push hello');
  });

  it('leads from the answer of the PUT back to the PUT, through the first reply', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    await start(cf, app);
    const answer = cf.lab
      .entries()
      .filter(({ body }) => body.type === 'message' && /^201 PUT \/v2\/apps/.test(body.name));
    const back = titles(chain(answer.at(-1) ?? sentMessage('none')));
    expect(back).toContain('received reply to staging.0-dea.start');
    expect(back.at(-1)).toMatch(/^received (PUT|reply)/);
  });

  it('leads from the start of a further instance to the scale, and from a restart to the health manager', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    await start(cf, app);
    await running(cf, app);
    await until('steady', () => messages('droplet.updated').length === 1);
    await cf.call('PUT', `/v2/apps/${app}`, { instances: 2 });
    expect(titles(chain(sentMessage('dea.0-dea.start'))).at(-1)).toMatch(/^received PUT/);
    const { version } = (await cf.call('GET', `/v2/apps/${app}`)).json.entity;
    const before = messages('dea.0-dea.start').length;
    cf.bus.publish('hm9000.start', { droplet: app, version, instance_index: 1 }, null);
    await until('the restart', () => messages('dea.0-dea.start').length > before);
    expect(titles(chain(sentMessage('dea.0-dea.start')))).toContain('received hm9000.start');
  });
});

describe('a held staging request', () => {
  it('keeps its PUT waiting and nothing else: another app is pushed meanwhile', async () => {
    const held = await pushBits(cf, to, 'held', 'L');
    const free = await pushBits(cf, to, 'free', 'L');
    const id = cf.lab.breakOn({ kind: 'effect', name: 'requestStaging', actor: `app:${held}` });
    let hasAnswered = false;
    const put = start(cf, held).then((answer) => {
      hasAnswered = true;
      return answer;
    });
    await until('held', () => cf.lab.held().length === 1);
    await start(cf, free);
    await running(cf, free);
    expect(hasAnswered).toBe(false);
    expect(messages('staging.0-dea.start').map((m) => m.app_id)).toEqual([free]);
    cf.lab.unbreak(id);
    cf.lab.open();
    expect((await put).status).toBe(201);
    await running(cf, held);
  });

  it('can be stopped at by the state it would enter, before that is entered', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    cf.lab.breakOn({ state: 'app.staging*', once: true });
    const put = start(cf, app);
    await until('held', () => cf.lab.held().length === 1);
    expect(cf.lab.held()[0]?.point).toMatchObject({ kind: 'delivery', name: 'start', actor: `app:${app}` });
    const values = cf.lab
      .bodies()
      .flatMap((b) => (b.type === 'transition' && b.actor === `app:${app}` ? [b.value] : []));
    expect(values).toEqual(['stopped']);
    cf.lab.open();
    expect((await put).status).toBe(201);
  });
});

describe('a question about instances while something is held', () => {
  it('is answered with what is known, as lab time stands still and its limit never comes', async () => {
    const app = await pushBits(cf, to, 'hello', 'L', { instances: 2 });
    await start(cf, app);
    await until('both run', () => cf.dea.instances.length === 2);
    cf.dea.instances = cf.dea.instances.filter((i) => i.index === 0);
    const other = await pushBits(cf, to, 'other', 'L');
    cf.lab.breakOn({ kind: 'effect', name: 'requestStaging' });
    const held = start(cf, other);
    await until('held', () => cf.lab.held().length === 1);
    const lt = cf.lab.clock.now();
    const { json } = await cf.call('GET', `/v2/apps/${app}/instances`);
    expect(json).toMatchObject({ 0: { state: 'RUNNING' }, 1: { state: 'DOWN' } });
    expect(cf.lab.clock.now()).toBe(lt);
    cf.lab.open();
    await held;
  });

  it('is answered while everything is paused, as polls are background; a command waits', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    await start(cf, app);
    await running(cf, app);
    cf.lab.pause();
    expect((await cf.call('GET', `/v2/apps/${app}/instances`)).json).toMatchObject({ 0: { state: 'RUNNING' } });
    expect((await cf.call('GET', `/v2/apps/${app}/stats`)).status).toBe(200);
    expect((await cf.call('GET', `/v2/apps/${app}`)).status).toBe(200);
    const stop = cf.call('PUT', `/v2/apps/${app}`, { state: 'STOPPED' });
    await until('held', () => cf.lab.held().length === 1);
    expect(cf.lab.held()[0]?.point.name).toMatch(/^PUT \/v2\/apps/);
    cf.lab.pause(false);
    cf.lab.open();
    expect((await stop).json.entity.state).toBe('STOPPED');
  });
});
