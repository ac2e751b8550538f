// Answers that the router itself gives.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** 404: nobody has registered this name. */
export function unknownRoute(res: ServerResponse, uri: string): void {
  refuse(res, 404, 'unknown_route', `404 Not Found: Requested route ('${uri}') does not exist.`);
}

/** 502: an endpoint is registered and did not answer. */
export function endpointFailure(res: ServerResponse): void {
  refuse(res, 502, 'endpoint_failure', '502 Bad Gateway: Registered endpoint failed to handle the request.');
}

function refuse(res: ServerResponse, status: number, error: string, text: string): void {
  res.writeHead(status, {
    'X-Cf-RouterError': error,
    'Content-Type': 'text/plain; charset=utf-8',
    // The text repeats a name that the client chose.
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  res.end(`${text}\n`);
}

/** node:http hands over every upgrade; one that we ignore (h2c) is answered like the request it also is. */
export function plainAnswer(req: IncomingMessage, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  res.once('finish', () => socket.end());
  return res;
}
