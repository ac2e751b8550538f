// What the journal says about one request of an app's user: nothing, unless it is the first to a new route (then the
// app's first answer belongs to the push) or tracing was asked for. Never a body.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { addressOf, type Route } from '../../machines/route-table.ts';
import { foldedPath } from '../lab/http.ts';
import type { Cause, Lab } from '../lab/types.ts';

export interface Story {
  sent(route: Route): void;
  answered(route: Route, status: number): void;
  /** The answer's status as the client saw it. */
  ended(status: number): void;
}

export interface StoryDeps {
  lab: Lab;
  /** The cause when the request to this route is news. */
  takeNews: (route: Route) => Cause | undefined;
  /** Whether requests of this host are traced. */
  traced: (uri: string) => boolean;
}

/** Begins to follow a request. It becomes a story only once its route is known. */
export function createStory({ lab, takeNews, traced }: StoryDeps, req: IncomingMessage, uri: string): Story {
  const path = foldedPath((req.url ?? '/').split('?')[0] ?? '/');
  const name = `${req.method} ${path}`;
  let cause: Cause | undefined;
  /** Where the app answers: its address, and the DEA behind it. */
  let through: { endpoint?: string; dea?: string } = {};
  const say = (phase: 'sent' | 'received', from: string, to: string, what: string) => {
    const payload = { host: uri, ...through };
    const body = {
      type: 'message',
      phase,
      transport: 'proxy',
      actor: 'router',
      from,
      to,
      name: what,
      payload,
    } as const;
    // Nothing led to a request that was only traced: it is a story of its own.
    const begins = cause ? {} : { begins: `request ${uri} ${randomUUID().slice(0, 8)}` };
    cause = lab.rec.record({ ...body, ...begins }, cause ?? null);
  };
  return {
    sent(route) {
      const news = takeNews(route);
      if (news === undefined && !traced(uri)) return;
      cause = news ?? null;
      through = { endpoint: addressOf(route.endpoint), dea: route.endpoint.dea };
      say('received', 'you', 'router', name);
      say('sent', 'router', appOf(route), name);
    },
    answered(route, status) {
      if (cause !== undefined) say('received', appOf(route), 'router', `${status} ${name}`);
    },
    ended(status) {
      if (cause !== undefined) say('sent', 'router', 'you', `${status} ${name}`);
    },
  };
}

const appOf = (route: Route) => (route.endpoint.app === '' ? addressOf(route.endpoint) : `app:${route.endpoint.app}`);
