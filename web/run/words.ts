// The words about recorded runs, in English and Japanese.
import type { Language } from '../model.ts';
import { speaker } from '../say.ts';

const WORDS = {
  watching: [
    'You are watching a recorded run: {run}, made on {day}. Nothing runs here.',
    '記録された run を見ています: {run}（{day}）。ここでは何も動いていません。',
  ],
  whole: ['a whole record', '記録全体'],
  leave: ['Leave', '終える'],
  ended: ['The recorded run ends here.', '記録はここで終わりです。'],
  noSource: ['This run file does not bring {file} along.', 'この run ファイルには {file} がありません。'],
  wrong: [
    'This is not a run of Wardenscope (line {line}); what is shown stays.',
    'Wardenscope の run ではありません（{line} 行目）。表示はそのままです。',
  ],
  newer: [
    'This run was recorded by a newer Wardenscope (version {version}); update this one to play it.',
    'より新しい Wardenscope の run です（版 {version}）。更新すると再生できます。',
  ],
  torn: [
    'This run file is torn: its end is missing behind {entries} entries; copy it again.',
    'run ファイルが途中で切れています（{entries} 件まで）。もう一度コピーしてください。',
  ],
  unreachable: ['The run at {url} cannot be read ({why}).', '{url} の run を読めません（{why}）。'],
  nobody: [
    'Nothing here takes {names}; drop a run (….wardenscope.json.gz), or the folder or zip of an app.',
    '{names} は開けません。run ファイルか、アプリのフォルダー・zip を置いてください。',
  ],
  exportsLab: ['only from a lab', 'ラボからだけできます'],
  nothingYet: ['nothing is recorded yet', 'まだ記録がありません'],
  noStory: ['no run has begun yet', 'まだ run がありません'],
} as const;

export type RunWord = keyof typeof WORDS;

/** A word of this room, with `{name}` filled in. */
export const say = speaker(WORDS);

/** The day as the reader's language writes it. */
export function dayText(language: Language, ms: number): string {
  return new Date(ms).toLocaleDateString(language, { year: 'numeric', month: 'long', day: 'numeric' });
}
