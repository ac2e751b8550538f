// Which `sent` belongs to a `received`: edge keys and their aliases (DESIGN 5). No time and no order here: admission
// decides how long somebody waits.

export interface Sent {
  seq: number;
  run: string | null;
}

export interface Edges {
  sent(key: string, sent: Sent): void;
  /** What `edge` names is the passing on of what `of` names. */
  alias(edge: string, of: string): void;
  /** The `sent` of this key without using it up. */
  has(key: string): boolean;
  /** The `sent` of this key; one of a connection is used up, one of NATS stays for the other subscribers. */
  take(key: string): Sent | undefined;
}

/** Keys whose other half never came (foreign peers) are forgotten from here on, the oldest first. */
const KEEP = 50_000;
const LONGEST_CHAIN = 4;

/** An empty table. */
export function createEdges(): Edges {
  const bySent = new Map<string, Sent[]>();
  const aliases = new Map<string, string>();

  function resolve(key: string): string {
    let name = key;
    for (let i = 0; i < LONGEST_CHAIN; i += 1) {
      const of = aliases.get(name);
      if (of === undefined) return name;
      name = of;
    }
    return name;
  }

  return {
    sent(key, sent) {
      const all = bySent.get(key);
      if (all) all.push(sent);
      else bySent.set(key, [sent]);
      forgetOldest(bySent);
    },
    alias(edge, of) {
      aliases.set(edge, of);
      forgetOldest(aliases);
    },
    has: (key) => bySent.has(resolve(key)),
    take(key) {
      const name = resolve(key);
      aliases.delete(key);
      const all = bySent.get(name);
      if (!all) return undefined;
      if (fansOut(name)) return all.at(-1);
      // Address pairs are used again by later connections: the oldest unused one is meant.
      const first = all.shift();
      if (all.length === 0) bySent.delete(name);
      return first;
    },
  };
}

const fansOut = (key: string): boolean => key.startsWith('nats');

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= KEEP) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
