// The user account and authentication server, as far as `cf` needs it: one user, two grants, the check of a token.
// No registration, no scopes that differ, no sessions.
import { randomUUID, timingSafeEqual } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { Lab } from '../lab/types.ts';
import { type Claims, readToken, signToken } from './token.ts';

export interface UaaDeps {
  lab: Pick<Lab, 'clock' | 'rec'>;
  /** The one user of the lab. */
  admin: { user: string; password: string };
  /** Signs the tokens; kept by the Cloud Controller's database so that a restart logs nobody out. */
  key: string;
  /** Wall clock, for the `exp` that clients read. */
  wall?: () => Date;
}

export interface Uaa {
  /** GET /login, POST /oauth/token, GET /.well-known is not served. */
  router: Router;
  /** The user of a `bearer …` header, or undefined. */
  userOf(authorization: string | undefined): User | undefined;
}

export interface User {
  id: string;
  name: string;
}

/** Lab time: 12 hours for access, 30 days for refresh; tokens younger than ten minutes are issued again. */
const ACCESS_MS = 12 * 3_600_000;
const REUSE_MS = 10 * 60_000;
const REFRESH_MS = 30 * 24 * 3_600_000;
/** The client id and secret of `cf`: `Basic Y2Y6`. */
const CF_CLIENT = `Basic ${Buffer.from('cf:').toString('base64')}`;
const USER_ID = '00000000-0000-4000-8000-000000000001';

export function createUaa(deps: UaaDeps): Uaa {
  const { lab, key, admin } = deps;
  const wall = deps.wall ?? (() => new Date());
  const router = express.Router();
  // The well-known password of a lab on loopback is no secret, and masking it would hide every `admin` in the record.
  if (admin.password !== admin.user) lab.rec.secret(admin.password);

  const read = (token: string, kind: Claims['kind']): Claims | undefined => {
    const claims = readToken(token, key);
    return claims?.kind === kind && claims.lab_exp > lab.clock.now() ? claims : undefined;
  };
  const sign = (name: string, kind: Claims['kind'], ms: number) => {
    const iat = Math.floor(wall().getTime() / 1000);
    const claims = { kind, user_id: USER_ID, user_name: name, lab_exp: lab.clock.now() + ms };
    const more = {
      jti: randomUUID(),
      iat,
      exp: iat + ms / 1000,
      cid: 'cf',
      client_id: 'cf',
      email: name,
      scope: SCOPE,
    };
    const token = signToken({ ...more, ...claims }, key);
    lab.rec.secret(token);
    return token;
  };
  let issued: { at: number; access_token: string; refresh_token: string } | undefined;
  /** `cf push` refreshes each time; the tokens of a few minutes ago still do, and each new one is one more to mask. */
  const issue = (name: string) => {
    const now = lab.clock.now();
    if (!issued || now - issued.at >= REUSE_MS) {
      issued = {
        at: now,
        access_token: sign(name, 'access', ACCESS_MS),
        refresh_token: sign(name, 'refresh', REFRESH_MS),
      };
    }
    const { access_token, refresh_token } = issued;
    return { access_token, token_type: 'bearer', refresh_token, expires_in: ACCESS_MS / 1000, scope: SCOPE.join(' ') };
  };
  const grant = (form: Record<string, unknown>): string | undefined => {
    if (form.grant_type === 'refresh_token') return read(String(form.refresh_token ?? ''), 'refresh')?.user_name;
    const known = form.username === admin.user && isSame(String(form.password ?? ''), admin.password);
    return form.grant_type === 'password' && known ? admin.user : undefined;
  };

  router.get('/login', (_req: Request, res: Response) => {
    res.json({ prompts: { username: ['text', 'Email'], password: ['password', 'Password'] }, app: { version: '2.0' } });
  });
  router.post('/oauth/token', express.urlencoded({ extended: false, limit: '64kb' }), (req: Request, res: Response) => {
    const form: Record<string, unknown> = req.body ?? {};
    if (req.get('authorization') !== CF_CLIENT) return refuse(res, 'invalid_client', 'Bad client credentials');
    if (form.grant_type !== 'password' && form.grant_type !== 'refresh_token') {
      return refuse(res.status(400), 'unsupported_grant_type', 'Use the password or the refresh_token grant');
    }
    const name = grant(form);
    if (!name) return refuse(res, 'unauthorized', 'Bad credentials');
    res.json(issue(name));
  });

  return {
    router,
    userOf: (authorization) => {
      const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      const claims = token ? read(token, 'access') : undefined;
      return claims && { id: claims.user_id, name: claims.user_name };
    },
  };
}

const SCOPE = ['cloud_controller.admin', 'cloud_controller.read', 'cloud_controller.write', 'openid'];

function refuse(res: Response, error: string, description: string): void {
  if (res.statusCode === 200) res.status(401);
  res.json({ error, error_description: description });
}

/** Compared without telling by its duration how much of it was right. */
function isSame(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
