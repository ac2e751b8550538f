// Small readers of what the record holds as unknown: payloads and kernel facts. No reader throws.
import { field } from '../../machines/field.ts';

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Numbers of 64 bits come as text. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return value !== '' && Number.isFinite(number) ? number : null;
}

/** The kernel writes "no limit" as the largest page-aligned number, or `max`. */
export function limitOf(value: unknown): number | null {
  const bytes = numberOf(value);
  return bytes === null || bytes > 2 ** 60 ? null : bytes;
}

export function isOwn(fact: unknown): boolean {
  return field(fact, 'own') === true;
}

/** Type and source of a mount, `overlay` or `ext4 /dev/vda`. */
export function mountText(fact: unknown): string {
  const [type, source] = [field(fact, 'type'), field(fact, 'source')];
  return typeof type !== 'string' ? '' : type === source ? type : `${type} ${String(source)}`;
}

/** What comes behind the kind: `app:3f2c` is `3f2c`. */
export function idOf(actor: string): string {
  return actor.slice(actor.indexOf(':') + 1);
}
