// Says in a push's own run what became of it when a process died under it. What is owed is machines/aftermath.ts; a word
// that an earlier life of this process has said is found in the record and not said again.
import { noAftermath, recoveredWords, takeAftermath, type Word, wordKey } from '../../machines/aftermath.ts';
import type { Journal } from '../journal/journal.ts';

export interface AftermathDeps {
  journal: Pick<Journal, 'head' | 'stream' | 'say'>;
  /** Entries that are read again after a restart: a push that is older is over. */
  remembered: number;
}

export interface AftermathTeller {
  /** These apps' staging was cut off by a restart of the Cloud Controller: one entry in the run of each. */
  recovered(apps: readonly string[]): void;
  close(): void;
}

export function tellAftermath({ journal, remembered }: AftermathDeps): AftermathTeller {
  const all = noAftermath();
  /** Said, but perhaps not read again yet. */
  const told = new Set<string>();
  let cutOff: readonly string[] = [];
  let read = 0;

  function tell(): void {
    if (read < journal.head) return;
    const words = [...all.owed.values(), ...recoveredWords(all, cutOff)];
    cutOff = [];
    for (const word of words) say(word);
  }

  function say(word: Word): void {
    const key = wordKey(word);
    if (told.has(key)) return;
    told.add(key);
    journal.say({ type: 'note', actor: 'journal', text: word.text, data: word.data }, word.cause, word.run);
  }

  const close = journal.stream(Math.max(0, journal.head - remembered), (batch) => {
    for (const e of batch) takeAftermath(all, e);
    read = batch.at(-1)?.seq ?? read;
    tell();
  });
  return {
    recovered: (apps) => {
      cutOff = apps;
      tell();
    },
    close,
  };
}
