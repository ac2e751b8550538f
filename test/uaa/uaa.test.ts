// Logging in, refreshing, and tokens that are not ours.
import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { createUaa } from '../../server/uaa/index.ts';
import { readToken, signToken } from '../../server/uaa/token.ts';

const lab = memoryLab('control');
const uaa = createUaa({ lab, admin: { user: 'admin', password: 'a-long-password' }, key: 'k' });
let server: Server;
let url: string;
beforeAll(async () => {
  const app = express().use(uaa.router);
  server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function token(form: Record<string, string>, client = 'Basic Y2Y6') {
  const headers = { authorization: client, 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${url}/oauth/token`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: response.status, json: (await response.json()) as Record<string, string> };
}
const login = () => token({ grant_type: 'password', username: 'admin', password: 'a-long-password', scope: '' });

describe('POST /oauth/token', () => {
  it('gives the two tokens that cf keeps, compact with an algorithm and the user name in them', async () => {
    const { status, json } = await login();
    expect(status).toBe(200);
    expect(json.token_type).toBe('bearer');
    const [header = '', payload = ''] = json.access_token?.split('.') ?? [];
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'HS256' });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ user_name: 'admin' });
    expect(uaa.userOf(`bearer ${json.access_token}`)?.name).toBe('admin');
    expect(uaa.userOf(`Bearer ${json.access_token}`)?.name).toBe('admin');
  });

  it('refreshes by the refresh token, also with the client in the form as newer versions send it', async () => {
    const { json } = await login();
    const form = {
      grant_type: 'refresh_token',
      refresh_token: json.refresh_token ?? '',
      client_id: 'cf',
      client_secret: '',
    };
    const again = await token(form);
    expect(again.status).toBe(200);
    expect(uaa.userOf(`bearer ${again.json.access_token}`)).toBeDefined();
    expect((await token({ ...form, refresh_token: json.access_token ?? '' })).status).toBe(401);
  });

  it.each([
    ['a wrong password', { grant_type: 'password', username: 'admin', password: 'x' }, 401, 'unauthorized'],
    ['a wrong user', { grant_type: 'password', username: 'x', password: 'a-long-password' }, 401, 'unauthorized'],
    ['no password', { grant_type: 'password', username: 'admin' }, 401, 'unauthorized'],
    ['another grant', { grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
  ])('refuses %s', async (_, form, status, error) => {
    expect(await token(form as Record<string, string>)).toMatchObject({ status, json: { error } });
  });

  it('refuses another client', async () => {
    expect((await token({ grant_type: 'password' }, 'Basic eDp5')).json.error).toBe('invalid_client');
  });

  it('masks password and tokens in everything recorded afterwards', async () => {
    const { json } = await login();
    lab.rec.record({ type: 'note', actor: 'x', text: `${json.access_token} a-long-password` }, null);
    const [last] = lab.bodies().slice(-1);
    expect(JSON.stringify(last)).toMatch(/\*{20}/);
    expect(JSON.stringify(last)).not.toContain('a-long-password');
  });
});

describe('a token', () => {
  const claims = { user_id: 'u', user_name: 'admin', kind: 'access' as const, lab_exp: 1000 };

  it('of another key, without a signature or with another payload is nobody', () => {
    const good = signToken(claims, 'k');
    const [header, payload, signature] = good.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, user_name: 'root' })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const bad of [
      signToken(claims, 'other'),
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${forged}.${signature}`,
      `${none}.${forged}.`,
      `${good}.more`,
      '',
      'opaque',
    ]) {
      expect(readToken(bad, 'k'), bad).toBeUndefined();
    }
    expect(readToken(good, 'k')).toEqual(claims);
  });

  it('with other claims than ours is nobody, even when signed', () => {
    const body = `${Buffer.from('{}').toString('base64url')}.${Buffer.from('{"user_name":"x"}').toString('base64url')}`;
    const signature = createHmac('sha256', 'k').update(body).digest('base64url');
    expect(readToken(`${body}.${signature}`, 'k')).toBeUndefined();
  });

  it('ends after twelve hours of lab time, which a held lab does not spend', async () => {
    const { json } = await login();
    const header = `bearer ${json.access_token}`;
    await lab.advance(12 * 3_600_000 - 1000);
    expect(uaa.userOf(header)).toBeDefined();
    await lab.advance(2000);
    expect(uaa.userOf(header)).toBeUndefined();
    expect((await token({ grant_type: 'refresh_token', refresh_token: json.refresh_token ?? '' })).status).toBe(200);
  });

  it('is wanted as bearer, and nothing else', () => {
    for (const header of [undefined, '', 'Basic x', 'bearer', 'bearer  ', 'bearer a b']) {
      expect(uaa.userOf(header)).toBeUndefined();
    }
  });
});
