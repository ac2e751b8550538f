// The call that a step of wshd is: steps have names of their own where one call comes twice (`umount_old` is umount2).
import wshd from './gen/wshd-steps.json' with { type: 'json' };

const CALLS: ReadonlyMap<string, string> = new Map(
  [...wshd.boot, ...wshd.job].map(({ name, call }) => [name, call] as const),
);

/** `umount2 (umount_old)`: the call, and the step's name where that is another word; the name alone for a step unknown here. */
export function stepText(name: string): string {
  const call = CALLS.get(name) ?? name;
  return call === name ? name : `${call} (${name})`;
}
