// The seat over HTTP: which requests are orders, who is refused, and hand-over, as `/lab/driver/…`. Who drives is decided
// in seat.ts; requests without a page's number are the command line's, a Debug Adapter's or curl's.
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { addressesOf, type Role, roleOf, watchToken } from '../main/token.ts';
import { ApiError, answerError, sameOrigin } from './api.ts';
import { type Seat, type SeatEar, SeatError } from './seat.ts';

/** The header, and on addresses that take none the parameter `client`, by which a page says which one it is. */
export const CLIENT_HEADER = 'x-wardenscope-client';

const clientId = z.string().regex(/^[\w-]{8,64}$/);
const name = z
  .string()
  .max(40)
  .transform((text) => text.replace(/\p{C}/gu, '').trim());
const person = z.strictObject({ to: z.number().int().positive() });

/** Posts that change nothing of the lab: everybody may send them. */
const NO_ORDERS = /^\/(driver\/|ask$)/;

export interface DriverDeps {
  seat: Seat;
  /** Empty where the lab listens on loopback. */
  token: string;
  listen: string;
  port: number;
}

/** What `GET /lab/driver/share` answers. */
export interface ShareView {
  /** Whether other machines can reach this lab. */
  wide: boolean;
  /** Links to watch, one for each address. */
  watch: string[];
  /** Links that may take over; only for those who may do it themselves. */
  drive: string[];
}

export interface Driver {
  /** In front of every router under `/lab`, behind the token's guard: 409 for an order of somebody who does not drive. */
  guard(req: Request, res: Response, next: NextFunction): void;
  /** `/lab/driver/…` */
  router: Router;
  /** For the stream: a page is here until the returned function is called. Undefined for a stream without a page. */
  join(req: Request, say: (event: string, data: unknown) => void): (() => void) | undefined;
  /** Whether this request may open a terminal: whoever has the lab's own token, and a watcher while he drives. */
  mayEnter(req: { url?: string | undefined; headers: Request['headers'] }, role: Role): boolean;
}

export function createDriver({ seat, token, listen, port }: DriverDeps): Driver {
  const roleIn = (req: Request): Role => roleOf(req, token) ?? 'watch';
  const router = Router();
  router.use('/driver', sameOrigin, express.json({ limit: '10kb' }));
  router.get('/driver/share', (req, res) => {
    const links = (word: string) =>
      token === '' ? [] : addressesOf(listen, port).map((address) => `${address}?token=${word}`);
    const drive = roleIn(req) === 'drive' ? links(token) : [];
    res.json({ wide: token !== '', watch: links(watchToken(token)), drive } satisfies ShareView);
  });
  const order = (path: string, does: (id: string | undefined, req: Request) => void) =>
    router.post(`/driver/${path}`, (req, res) => {
      const id = idIn(req);
      if (id === undefined && roleIn(req) !== 'drive') throw new ApiError(403, 'say which page asks');
      does(id, req);
      res.status(204).end();
    });
  const page = (id: string | undefined): string => {
    if (id === undefined) throw new ApiError(400, `only a page can do that; it says which by ${CLIENT_HEADER}`);
    return id;
  };
  order('take', (id) => seat.take(page(id)));
  order('ask', (id) => seat.ask(page(id)));
  order('hand-over', (id, req) => seat.handOver(id, person.parse(req.body).to));
  order('decline', (id, req) => seat.decline(id, person.parse(req.body).to));
  order('name', (id, req) => seat.rename(page(id), z.strictObject({ name }).parse(req.body).name));
  order('place', (id, req) =>
    seat.place(page(id), z.strictObject({ place: z.string().max(1000) }).parse(req.body).place),
  );
  router.use((error: unknown, _req: Request, _res: Response, next: NextFunction) =>
    next(error instanceof SeatError ? new ApiError(409, error.message) : error),
  );
  router.use(answerError);

  return {
    router,
    guard(req, res, next) {
      const asks = ['GET', 'HEAD', 'OPTIONS'].includes(req.method) || NO_ORDERS.test(req.path);
      if (asks || seat.commands(idIn(req), roleIn(req))) return next();
      const who = seat.driverName();
      const error = who
        ? `${who} drives this lab and you are watching: the order was not carried out.`
        : 'Nobody drives this lab yet: take over first.';
      res.status(409).json({ error, watching: true });
    },
    join(req, say) {
      const asked = z.object({ client: clientId, name: name.catch('') }).safeParse({ name: '', ...req.query });
      // A picture in a page of somebody else can open a stream too; it must not get the seat.
      const site = req.headers['sec-fetch-site'];
      if (!asked.success || site === 'cross-site' || site === 'same-site') return undefined;
      const ear: SeatEar = { seat: (view) => say('seat', view), told: (news) => say('told', news) };
      return seat.join({ id: asked.data.client, name: asked.data.name, role: roleIn(req) }, ear);
    },
    mayEnter(req, role) {
      if (role === 'drive') return true;
      const id = clientId.safeParse(new URL(req.url ?? '/', 'http://lab').searchParams.get('client')).data;
      return id !== undefined && seat.commands(id, role);
    },
  };
}

function idIn(req: Request): string | undefined {
  return clientId.safeParse(req.get(CLIENT_HEADER)).data;
}
