// Reads what the record holds as unknown: payloads and kernel facts.

/** An own property of an object, or undefined. Never throws. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
