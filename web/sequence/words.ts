// The sequence diagram's own words.
import { speaker } from '../say.ts';

const WORDS = {
  table: ['Table', '表'],
  states: ['states', '状態'],
  nothing: [
    'No message yet. Push an app: each message will be one line here, from its sender to its receivers.',
    'まだメッセージはありません。Push すると、送り手から受け手までが一行ずつ並びます。',
  ],
  number: ['Entry', '番号'],
  time: ['Lab time', 'lab time'],
  from: ['From', '送り手'],
  to: ['To', '受け手'],
  transport: ['By', '経路'],
  name: ['Message or state', 'メッセージ・状態'],
  how: ['How far', '状況'],
  travelling: ['on its way', '届く途中'],
  held: ['held', '保留中'],
  received: ['received', '届いた'],
  dropped: ['lost', '失われた'],
  nobody: ['nobody', 'なし'],
  boot: ['boot: {0} steps', '起動: {0} 手順'],
  job: ['job {1}: {0} steps', 'job {1}: {0} 手順'],
  script: ['{1}: {0} lines', '{1}: {0} 行'],
} satisfies Record<string, readonly [en: string, ja: string]>;

export type SequenceWord = keyof typeof WORDS;

export const say = speaker(WORDS);
