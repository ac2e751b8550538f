// Who may do what where the listen address is wide: the lab's token drives, the watchers' token looks. It decides about
// requests only; who of those that may drive holds the seat is server/debugger/seat.ts.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { NextFunction, Request, Response } from 'express';

/** `drive`: may give orders. `watch`: may look, and drive only while the driver has handed over. */
export type Role = 'drive' | 'watch';

/** The token of watchers: it follows from the lab's, which cannot be found from it. Empty where no token is asked for. */
export function watchToken(token: string): string {
  return token === '' ? '' : createHmac('sha256', token).update('watch').digest('base64url').slice(0, 24);
}

/** What the header, the cookie or `?token=` of this request allow. Everybody drives where no token is asked for. */
export function roleOf(req: IncomingMessage, token: string): Role | undefined {
  if (token === '') return 'drive';
  const bearer = /^bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
  return roleWith(bearer ?? tokenInUrl(req) ?? cookie(req, cookieName(token)) ?? '', token);
}

/** In front of everything under `/lab`: 401 without a token. A token in the address is kept as a cookie. */
export function tokenGuard(token: string) {
  return (req: Request, res: Response, next: NextFunction): void => {
    if (roleOf(req, token) === undefined) {
      res.status(401).json({ error: 'this lab listens beyond loopback; give its token (printed at the start)' });
      return;
    }
    const given = tokenInUrl(req);
    if (token !== '' && given !== undefined) keep(res, given, token);
    next();
  };
}

/**
 * In front of the page: a token in the address becomes a cookie that no script can read, and leaves the address, the
 * history and the Referer by a redirect. A wrong one only leaves.
 */
export function entrance(token: string) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const given = tokenInUrl(req);
    if (req.method !== 'GET' || req.path !== '/' || given === undefined) {
      next();
      return;
    }
    if (token !== '' && roleWith(given, token)) keep(res, given, token);
    const rest = new URL(req.url, 'http://lab').searchParams;
    rest.delete('token');
    res.setHeader('cache-control', 'no-store');
    res.setHeader('referrer-policy', 'no-referrer');
    res.redirect(303, rest.size > 0 ? `/?${rest}` : '/');
  };
}

/** The page's addresses for other machines, without a token; its own address where it listens on one. */
export function addressesOf(listen: string, port: number): string[] {
  const any = listen === '0.0.0.0' || listen === '::';
  const all = any ? Object.values(networkInterfaces()).flatMap((list) => list ?? []) : [];
  // The links of nodes and containers lead nowhere from outside.
  const outer = all.filter((a) => !a.internal && a.family === 'IPv4' && !a.address.startsWith('10.254.'));
  const hosts = any ? outer.map((a) => a.address) : [listen];
  return hosts.map((host) => `http://${host.includes(':') ? `[${host}]` : host}:${port}/`);
}

function roleWith(given: string, token: string): Role | undefined {
  if (same(given, token)) return 'drive';
  return same(given, watchToken(token)) ? 'watch' : undefined;
}

function keep(res: Response, given: string, token: string): void {
  res.cookie(cookieName(token), given, { httpOnly: true, sameSite: 'strict', path: '/' });
}

/** Cookies know no ports: two labs on one host must not take each other's. */
function cookieName(token: string): string {
  return `wardenscope_${createHash('sha256').update(token).digest('hex').slice(0, 8)}`;
}

function tokenInUrl(req: IncomingMessage): string | undefined {
  return new URL(req.url ?? '/', 'http://lab').searchParams.get('token') ?? undefined;
}

function cookie(req: IncomingMessage, name: string): string | undefined {
  const pairs = (req.headers.cookie ?? '').split(/;\s*/).map((pair) => pair.split('='));
  return pairs.find(([key]) => key === name)?.[1];
}

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
