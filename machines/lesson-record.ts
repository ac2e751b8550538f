// What lessons ask the record in small: entries of one kind, in what state something is, which mounts a process sees. Pure.
import type { Entry, KernelBody, MessageBody, TransitionBody } from './journal.ts';

/** What has happened since a lesson began, without periodic entries. */
export type Story = readonly Entry[];

export type Of<T extends Entry['type']> = Extract<Entry, { type: T }>;

export const messages = (story: Story) => story.filter((e): e is Of<'message'> => e.type === 'message');
export const steps = (story: Story) => story.filter((e): e is Of<'step'> => e.type === 'step');
export const moves = (story: Story, machine: string) =>
  story.filter((e): e is Of<'transition'> => e.type === 'transition' && e.machine === machine);

export function inState(value: TransitionBody['value'], name: string): boolean {
  return value === name || (typeof value === 'object' && value !== null && name in value);
}

/** The mounts that this process still saw at and below a path when it made the call. */
export function mountsUnder(story: Story, path: string | undefined, step: Of<'step'>): string[] {
  const seen = mountsOf(story.filter((e) => e.type === 'kernel' && e.handle === step.handle && e.seq < step.seq));
  return [...seen.keys()].filter((at) => at === path || at.startsWith(`${path}/`)).sort();
}

/** Mounts by path after these samples, of one process. */
export function mountsOf(samples: Story): Map<string, unknown> {
  const mounts = new Map<string, unknown>();
  for (const e of samples) if (e.type === 'kernel') applyMounts(mounts, e);
  return mounts;
}

function applyMounts(mounts: Map<string, unknown>, { diff }: KernelBody): void {
  // The first picture of a process is whole.
  if (diff['ns.mnt']?.[0] === null) mounts.clear();
  for (const [path, pair] of Object.entries(diff)) {
    const at = /^mounts\[(.*)\](#\d+)?$/.exec(path);
    if (!at || !Array.isArray(pair)) continue;
    const key = `${at[1]}${at[2] ?? ''}`;
    if (pair[1] === null || pair[1] === undefined) mounts.delete(key);
    else mounts.set(key, pair[1]);
  }
}

export function isAnswer(m: MessageBody): boolean {
  return m.transport === 'proxy' && m.phase === 'received' && m.from.startsWith('app');
}

export const isLimit = (m: MessageBody): boolean => m.name === 'LimitMemoryRequest' && m.phase === 'received';
