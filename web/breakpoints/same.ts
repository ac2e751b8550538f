// Whether two breakpoints ask for the same, and what one says in a line. Pure.
import type { BreakpointFields } from '../../machines/break-here.ts';
import type { Breakpoint } from '../../machines/gates.ts';

/** The breakpoint that asks for exactly these fields, switched on or off. */
export function breakpointFor(all: readonly Breakpoint[], fields: BreakpointFields): Breakpoint | undefined {
  const wanted = keyOf(fields);
  return all.find(({ id: _, disabled: __, ...asked }) => keyOf(asked) === wanted);
}

function keyOf(fields: BreakpointFields): string {
  return JSON.stringify(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
}

/** What kind of thing it stops at. */
export type BreakpointKind = 'state' | 'edge' | 'message' | 'event' | 'boot' | 'job' | 'script' | 'effect' | 'other';

export function kindOf(b: BreakpointFields): BreakpointKind {
  if (b.state !== undefined) return 'state';
  if (b.edge !== undefined) return 'edge';
  if (b.kind === 'step') return b.machine === 'wshd-job' ? 'job' : 'boot';
  if (b.kind === 'script') return 'script';
  if (b.kind === 'effect') return 'effect';
  if (b.kind === 'delivery') return b.machine === undefined ? 'message' : 'event';
  return 'other';
}

/** `pivot_root before`, `CreateRequest at warden:0`, `instance.RUNNING`: what it stops at, without its kind. */
export function breakpointText(b: BreakpointFields): string {
  const { state, edge, name, when, actor, file, line, handle, app, proc, machine } = b;
  const what =
    state ?? edge ?? (file === undefined ? name : `${file}${line === undefined ? '' : `:${line}`}`) ?? machine ?? '*';
  const where = [actor, handle, app, proc].filter((one) => one !== undefined).join(', ');
  return [what, when, where && `@ ${where}`].filter(Boolean).join(' ');
}
