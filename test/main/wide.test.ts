// A lab that listens beyond loopback: who may do what. Traffic of this test stays on loopback.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/main/wide.test.ts (${skipped})`);

describe.skipIf(skipped)('a lab that listens on 0.0.0.0', () => {
  let lab: RunningLab;
  let token: string;
  let password: string;
  beforeAll(async () => {
    lab = await startLab({ deas: 1, args: ['--listen', '0.0.0.0'] });
    token = /^token of the lab's own API: (\S{16,})$/m.exec(lab.printed())?.[1] ?? '';
    password = /^user admin, password (\S{16,})$/m.exec(lab.printed())?.[1] ?? '';
  }, 300_000);
  afterAll(() => lab?.stop(), 60_000);

  const login = (word: string) =>
    ask(`${lab.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: 'Basic Y2Y6', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'password', username: 'admin', password: word }).toString(),
    });

  it('prints a token, and the lab answers nobody without it', async () => {
    expect(token).not.toBe('');
    for (const [method, path] of [
      ['GET', '/lab/state'],
      ['GET', '/lab/journal'],
      ['GET', '/lab/info'],
      ['POST', '/lab/pause'],
      ['POST', '/lab/nodes'],
    ] as const) {
      expect((await lab.api(method, path)).status, `${method} ${path}`).toBe(401);
      expect((await lab.api(method, path, undefined, { authorization: 'bearer wrong' })).status).toBe(401);
    }
    expect((await lab.api('GET', '/lab/state', undefined, { authorization: `bearer ${token}` })).status).toBe(200);
  });

  it('lets a browser in that once came with the token in the address', async () => {
    const entered = await ask(`${lab.url}/lab/state?token=${token}`);
    expect(entered.status).toBe(200);
    const [cookie = ''] = entered.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/HttpOnly/i);
    const again = await lab.api('GET', '/lab/state', undefined, { cookie: cookie.split(';')[0] ?? '' });
    expect(again.status).toBe(200);
  });

  it('has a generated password for admin, and the one of loopback labs does not work', async () => {
    expect(password).not.toBe('');
    expect((await login('admin')).status).toBe(401);
    expect((await login(password)).status).toBe(200);
  });
});
