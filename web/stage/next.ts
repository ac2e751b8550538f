// NEXT: the very call, message or script line that a gate holds, or that follows the step behind which it holds.
import { causeChain } from '../../machines/projection.ts';
import { pointText } from '../../machines/sentences.ts';
import type { Model } from '../model.ts';
import { followers } from './ahead.ts';
import type { HeldNow } from './held-card.ts';
import { shortIds } from './svg.ts';
import { stageWord } from './words.ts';

/** @param seq of the gate's `held` entry */
export function nextText({ entries, language }: Model, { point }: HeldNow, seq: number | undefined): string {
  const named = shortIds(pointText(point)[language]);
  if (point.kind === 'script') return point.name.trim() || named;
  if (point.kind !== 'step' || seq === undefined) return named;
  if (point.when === 'after') {
    const calls = followers(entries, seq).map(({ step, args }) => callText(step.call, args));
    // PID 1 says so itself behind the last step of its boot.
    if (calls.length === 0 && point.name === 'guard') return stageWord(language, 'readyNext');
    return calls.join(stageWord(language, 'or')) || named;
  }
  const e = causeChain(entries, seq).findLast((one) => one.type === 'step');
  return e?.type === 'step' && e.when === 'before' ? callText(e.call, e.args) : named;
}

function callText(call: string, args: readonly string[]): string {
  return `${call}(${args.join(', ')})`;
}
