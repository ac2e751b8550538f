// Breakpoints and the pure question "does this point close?". The shell around it is server/lab/gates.ts.
import type { GateKind, GatePoint } from './journal.ts';

/** A gate that is asked to close. Every field given must match; `*` in a text matches any run of characters. */
export interface Breakpoint {
  id: string;
  kind?: GateKind;
  proc?: string;
  actor?: string;
  machine?: string;
  name?: string;
  when?: GatePoint['when'];
  transport?: GatePoint['transport'];
  handle?: string;
  app?: string;
  file?: string;
  line?: number;
  /** A state id that would be entered. */
  state?: string;
  edge?: string;
  /** Lets the background pass, however well it matches. */
  foreground?: boolean;
  /** Gone after the first hold. */
  once?: boolean;
  disabled?: boolean;
}

/** What the debugger tells every process: the whole of what closes gates. */
export interface GateRules {
  /** Grows by one with every change; a process acknowledges the number it has applied. */
  version: number;
  paused: boolean;
  /** The pace `beat`: every beat closes, and the debugger opens it again when the page has shown it. */
  beat: boolean;
  breakpoints: Breakpoint[];
  /** Sample the kernel at every boot and job step (DESIGN 5, kernel recording). */
  kernelRecording: boolean;
  /** Suites run with gates disabled to see the gate proofs turn red. */
  disabled: boolean;
}

export const OPEN: GateRules = {
  version: 0,
  paused: false,
  beat: false,
  breakpoints: [],
  kernelRecording: false,
  disabled: false,
};

/** The breakpoint id, `pause` or `beat` that closes this point; undefined when it stays open. Background never pauses. */
export function closedBy(rules: GateRules, point: GatePoint): string | undefined {
  if (rules.disabled) return undefined;
  const hit = rules.breakpoints.find((b) => !b.disabled && breaks(b, point));
  if (hit) return hit.id;
  if (point.background) return undefined;
  if (rules.paused) return 'pause';
  return rules.beat && isBeat(point) ? 'beat' : undefined;
}

/** Machines whose change of state is a beat of the story. */
const TOLD = ['app', 'staging-task', 'instance', 'container'];

/** A beat (DESIGN 6): a component's message, a state change of app, task, instance or container, a boot step. */
export function isBeat(point: GatePoint): boolean {
  if (point.background) return false;
  if (point.kind === 'step') return point.machine === 'wshd-boot' && point.when === 'before';
  if (point.kind !== 'delivery') return false;
  return point.transport !== undefined || (TOLD.includes(point.machine ?? '') && (point.enters ?? []).length > 0);
}

/** Whether one breakpoint asks for this point. A breakpoint without any field matches nothing. */
export function breaks(b: Breakpoint, p: GatePoint): boolean {
  const asked = FIELDS.filter((f) => b[f] !== undefined);
  if (asked.length === 0 && b.state === undefined && b.edge === undefined) return false;
  if (b.foreground && p.background) return false;
  return (
    asked.every((f) => matches(String(b[f]), p[f] === undefined ? undefined : String(p[f]))) &&
    (b.state === undefined || (p.enters ?? []).some((s) => matches(b.state!, s))) &&
    (b.edge === undefined || (p.edges ?? []).some((e) => matches(b.edge!, e)))
  );
}

const FIELDS = [
  'kind',
  'proc',
  'actor',
  'machine',
  'name',
  'when',
  'transport',
  'handle',
  'app',
  'file',
  'line',
] as const;

function matches(pattern: string, text: string | undefined): boolean {
  if (text === undefined) return false;
  if (!pattern.includes('*')) return pattern === text;
  const source = pattern
    .split('*')
    .map((s) => s.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(text);
}
