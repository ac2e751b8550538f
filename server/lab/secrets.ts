// Masks issued secrets in text that is about to leave the process, by the same number of `*`, so that offsets stay true.
// It does not find secrets by itself: whoever issues one registers it.

/** Shorter texts, and plain words, would mask what is no secret (`admin`, `message`); what we issue is neither. */
export const SHORTEST_SECRET = 6;
const PLAIN_WORD = /^[a-z]{1,12}$/;

export interface Secrets {
  /** Registers a secret. Returns false when it is known already, too short or a plain word. */
  add(text: string): boolean;
  /** The text with every known secret masked: as it is, JSON-escaped, URL-encoded and as lower-case hex. */
  mask(text: string): string;
  all(): readonly string[];
}

/** A register without secrets. */
export function createSecrets(): Secrets {
  const known = new Set<string>();
  const masks = new Map<string, string>();
  let pattern: RegExp | undefined;

  return {
    add(text) {
      if (text.length < SHORTEST_SECRET || PLAIN_WORD.test(text) || known.has(text)) return false;
      known.add(text);
      for (const [form, masked] of forms(text)) if (!masks.has(form)) masks.set(form, masked);
      // The longest first, so that a secret that contains another is masked whole.
      const longestFirst = [...masks.keys()].sort((a, b) => b.length - a.length);
      pattern = new RegExp(longestFirst.map(escaped).join('|'), 'g');
      return true;
    },
    mask: (text) => (pattern ? text.replace(pattern, (found) => masks.get(found) ?? '*'.repeat(found.length)) : text),
    all: () => [...known],
  };
}

function forms(text: string): [string, string][] {
  const stars = '*'.repeat(text.length);
  const url = encodeURIComponent(text);
  const hex = Buffer.from(text).toString('hex');
  return [
    [text, stars],
    [JSON.stringify(text).slice(1, -1), stars],
    [url, '*'.repeat(url.length)],
    // In a dump of bytes the mask is bytes too: 2a is `*`.
    [hex, '2a'.repeat(hex.length / 2)],
  ];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
