// Upgrades of app connections: `websocket` is a tunnel behind the forwarded request, `tcp` a bare tunnel (gorouter:
// proxy/request_handler). After the upgrade nobody here reads the bytes.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Route } from '../../machines/route-table.ts';
import type { LabClock } from '../lab/types.ts';
import { type Chooser, type Dialled, dial, requestHeaders, stickyInstance } from './proxy.ts';
import type { Story } from './story.ts';

/** Which tunnel a request asks for; undefined for upgrades that the router ignores (`h2c`). */
export function tunnelOf(req: IncomingMessage): 'websocket' | 'tcp' | undefined {
  const asked = (req.headers.upgrade ?? '').toLowerCase();
  return asked === 'websocket' || asked === 'tcp' ? asked : undefined;
}

/** Joins the client's connection and an endpoint's; 400 when no endpoint can be reached. Resolves with the status. */
export async function tunnel(
  deps: { chooser: Chooser; clock: LabClock },
  pool: readonly Route[],
  { req, socket, head, story }: { req: IncomingMessage; socket: Duplex; head: Buffer; story: Story },
): Promise<number> {
  let dialled: Dialled;
  try {
    dialled = await dial(deps.chooser, deps.clock, pool, stickyInstance(req));
  } catch {
    socket.end('HTTP/1.1 400 Bad Request\r\nX-Cf-RouterError: endpoint_failure\r\nConnection: close\r\n\r\n');
    return 400;
  }
  const { route, socket: endpoint } = dialled;
  story.sent(route);
  if (tunnelOf(req) === 'websocket') endpoint.write(requestText(req, route));
  if (head.length > 0) endpoint.write(head);
  join(socket, endpoint);
  return 101;
}

function requestText(req: IncomingMessage, route: Route): string {
  const flat = requestHeaders(req, route, req.headers.upgrade);
  const lines = flat.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${flat[i + 1]}`] : []));
  return `${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** Both ways until one side ends; a broken side ends the other. */
function join(client: Duplex, endpoint: Duplex): void {
  client.on('error', () => endpoint.destroy());
  endpoint.on('error', () => client.destroy());
  client.on('close', () => endpoint.destroy());
  endpoint.on('close', () => client.destroy());
  client.pipe(endpoint);
  endpoint.pipe(client);
}
