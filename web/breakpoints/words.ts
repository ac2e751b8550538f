// The breakpoints panel's own words.
import { speaker } from '../say.ts';

const WORDS = {
  none: [
    'No breakpoint yet. Add one below, press X at any entry, or click a state, an arrow or a step.',
    'ブレークポイントはまだありません。下で追加するか、記録の上で X を押すか、状態・矢印・手順をクリックします。',
  ],
  removeAll: ['Remove all', 'すべて外す'],
  remove: ['Remove', '外す'],
  on: ['On', '有効'],
  hit: ['hit {0}×', '{0} 回'],
  heldNow: ['holds now', '保留中'],
  once: ['once', '一度だけ'],
  add: ['Add', '追加'],
  title: ['Stop where?', 'どこで止めますか'],
  kind: ['Kind', '種類'],
  state: ['state', '状態'],
  edge: ['edge', '矢印'],
  message: ['message', 'メッセージ'],
  event: ['event', 'event'],
  boot: ['boot step', '起動の手順'],
  job: ['job step', 'job の手順'],
  script: ['script line', 'スクリプトの行'],
  effect: ['effect', 'effect'],
  other: ['gate', 'gate'],
  machine: ['Machine', 'machine'],
  name: ['Name', '名前'],
  receiver: ['Receiver', '受け手'],
  anybody: ['anybody', 'だれでも'],
  when: ['When', 'いつ'],
  before: ['before', '前'],
  after: ['after', '後'],
  file: ['File', 'ファイル'],
  line: ['Line', '行'],
  star: ['* stands for anything', '* は何にでも一致します'],
  steps: ['Boot steps', '起動の手順'],
  stepsOf: ['Boot steps of {0}: {1} of {2}', '{0} の起動: {2} 手順中 {1}'],
  done: ['done', '済み'],
  current: ['here', '今ここ'],
  ours: ['ours, not 2014', '2014 年にはない'],
  stopBefore: ['Stop before', '手前で止める:'],
} satisfies Record<string, readonly [en: string, ja: string]>;

export type BreakpointWord = keyof typeof WORDS;

export const say = speaker(WORDS);
