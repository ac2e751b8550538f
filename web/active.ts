// From a recorded state value to the ids of the states that it makes active.

/** Dotted ids under `<machine>`, outermost first: `{ a: 'b' }` is `m`, `m.a`, `m.a.b`. */
export function activeIn(machine: string, value: unknown): string[] {
  return [machine, ...below(machine, value)];
}

function below(at: string, value: unknown): string[] {
  if (typeof value === 'string') return [`${at}.${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${at}.${key}`, ...below(`${at}.${key}`, inner)]);
}
