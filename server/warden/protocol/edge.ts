// How both ends of a Warden connection name its frames for the journal, and how a labelled connection is recognised.
// The label travels as the first Echo, which is legal on an original server and hidden in pictures.
import { randomBytes } from 'node:crypto';

const PREFIX = 'wardenscope:';
const life = randomBytes(4).toString('hex');
let opened = 0;

/** A label that no other connection of any process has: `<label>~<life of this process><count>`. */
export function uniqueLabel(label: string): string {
  opened += 1;
  return `${label}~${life}${opened.toString(32)}`;
}

export function labelEcho(label: string): string {
  return `${PREFIX}${label}`;
}

/** The label in a connection's first Echo, or undefined for a foreign client's. */
export function labelOf(echo: string): string | undefined {
  return echo.startsWith(PREFIX) ? echo.slice(PREFIX.length) : undefined;
}

/** Edge key of the k-th frame (from 1, the label's Echo and its answer not counted) in one direction. */
export function edgeKey(label: string, direction: 'up' | 'down', k: number): string {
  return `warden:${label}/${direction}/${k}`;
}
