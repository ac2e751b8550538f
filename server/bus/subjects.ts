// Subjects of the bus: which patterns are legal and which subscriptions a subject reaches. Holds no connection.

/** Whether a subscription may ask for this: dot-separated tokens, `*` for one of them, `>` for all that follow. */
export function isPattern(pattern: string): boolean {
  const tokens = pattern.split('.');
  return tokens.every(
    (t, i) => t !== '' && !/[\s\0]/.test(t) && (t !== '>' || i === tokens.length - 1), // `>` only at the end
  );
}

/** Whether a message may be published there: no wildcard, no empty token. */
export function isSubject(subject: string): boolean {
  return isPattern(subject) && !subject.split('.').some((t) => t === '*' || t === '>');
}

/** Whether `pattern` asks for `subject`. */
export function reaches(pattern: string, subject: string): boolean {
  const [asked, given] = [pattern.split('.'), subject.split('.')];
  for (const [i, token] of asked.entries()) {
    if (token === '>') return given.length > i;
    if (given[i] === undefined || (token !== '*' && token !== given[i])) return false;
  }
  return asked.length === given.length;
}

/** Subscriptions by pattern. Literal patterns are looked up, the few wildcards are walked. */
export class SubjectTable<S extends { pattern: string }> {
  readonly #literal = new Map<string, Set<S>>();
  readonly #wild = new Set<S>();

  add(sub: S): void {
    if (isWild(sub.pattern)) {
      this.#wild.add(sub);
      return;
    }
    const same = this.#literal.get(sub.pattern);
    if (same) same.add(sub);
    else this.#literal.set(sub.pattern, new Set([sub]));
  }

  delete(sub: S): void {
    this.#wild.delete(sub);
    const same = this.#literal.get(sub.pattern);
    same?.delete(sub);
    if (same?.size === 0) this.#literal.delete(sub.pattern);
  }

  /** All subscriptions that ask for `subject`, in no promised order. A copy: delivering may remove some. */
  for(subject: string): S[] {
    const literal = this.#literal.get(subject);
    const found = literal ? [...literal] : [];
    for (const sub of this.#wild) if (reaches(sub.pattern, subject)) found.push(sub);
    return found;
  }
}

const isWild = (pattern: string) => /(^|\.)[*>](\.|$)/.test(pattern);
