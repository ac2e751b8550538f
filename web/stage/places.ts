// Which place of the stage a name means, and which path a message takes between two places. Pure.

import { field } from '../../machines/field.ts';
import type { MessageBody } from '../../machines/journal.ts';
import { textOf } from './facts.ts';
import { SKY } from './parts.ts';

/** `dea:0`, `dea/0`, `you`: a place of the stage from any name of an actor, process or endpoint; null for none. */
export function placeOfName(name: string, proc = ''): string | null {
  const [kind = '', id = ''] = name.split(/[:/]/);
  const node = proc.split('/')[1] ?? '';
  switch (kind) {
    case 'you':
    case 'client':
      return 'you';
    case 'cc':
    case 'uaa':
    case 'app':
      return 'cc';
    case 'router':
    case 'route':
      return 'router';
    case 'hm':
    case 'nats':
      return kind;
    case 'dea':
    case 'warden':
      return /^\d+$/.test(id) ? `${kind}/${id}` : node ? `${kind}/${node}` : null;
    case 'instance':
    case 'staging-task':
      return node ? `dea/${node}` : null;
    case 'container':
    case 'wshd':
    case 'wshd-boot':
      return id ? `container/${id}` : null;
    default:
      return null;
  }
}

/**
 * Who sends or receives a message, as a place of the stage. A request that the router passes on comes to an app by the
 * door of its container: `door/0.61001`, by node and host port. Null where the record does not say.
 */
export function endOf(
  e: Pick<MessageBody, 'from' | 'to' | 'transport' | 'payload'> & { proc: string },
  end: 'from' | 'to',
) {
  if (e.transport !== 'proxy' || !e[end].startsWith('app:')) return placeOfName(e[end], e.proc);
  const node = /^(\d+)-/.exec(textOf(field(e.payload, 'dea')) ?? '')?.[1];
  const port = /:(\d+)$/.exec(textOf(field(e.payload, 'endpoint')) ?? '')?.[1];
  return node && port ? `door/${node}.${port}` : null;
}

/** Which path a message takes: `http:you-cc`, `nats:dea/0`, `warden:0`. NATS has one path for each who publishes. */
export function pathOf(
  e: Pick<MessageBody, 'from' | 'to' | 'transport' | 'name' | 'payload'> & { proc: string },
): { path: string; forward: boolean } | null {
  const [from, to] = [endOf(e, 'from'), endOf(e, 'to')];
  if (e.transport === 'warden') {
    const node = e.proc.split('/')[1];
    return node === undefined ? null : { path: `warden:${node}`, forward: e.name.endsWith('Request') };
  }
  if (!from || !to || from === to) return null;
  if (e.transport === 'nats') {
    const end = from === 'nats' ? to : from;
    return { path: `nats:${end}`, forward: from !== 'nats' };
  }
  const [a = '', b = ''] = [from, to].sort((x, y) => rank(x) - rank(y));
  return { path: `${e.transport === 'wsh' ? 'wsh' : 'http'}:${a}-${b}`, forward: from === a };
}

function rank(place: string): number {
  const sky = (SKY as readonly string[]).indexOf(place);
  return sky >= 0 ? sky : place.startsWith('dea') ? 10 : place.startsWith('warden') ? 20 : 30;
}
