// The statechart panel's own words.
import { speaker } from '../say.ts';

const WORDS = {
  machine: ['Machine', 'machine'],
  actor: ['Actor', 'actor'],
  newest: ['the one at the cursor', 'カーソルの位置のもの'],
  whole: ['Whole', '全体'],
  near: ['Where it is', '今の所'],
  table: ['Table', '表'],
  zoomIn: ['Larger', '大きく'],
  zoomOut: ['Smaller', '小さく'],
  state: ['State', '状態'],
  how: ['How', '今'],
  runs: ['What runs in it', '動くもの'],
  leads: ['Leads on', '次へ'],
  active: ['active', '今ここ'],
  possible: ['possible', '次に通れる'],
  taken: ['taken last', '直前に通った'],
  next: ['next', '次'],
  breaks: ['stops before', '手前で止まる'],
  breakAt: ['Stop before', '手前で止める:'],
  hint: [
    'Click a state or an arrow, or press Enter on it, to stop before it. Arrows: to the next one · + − 0: size · Shift+arrows: move',
    '状態や矢印をクリックか Enter で、その手前で止まります。矢印キー: 移動 · + − 0: 大きさ · Shift+矢印: ずらす',
  ],
  legend: [
    'filled: where it is · thick: taken last · dashed outline: possible next · striped: stops there',
    '塗り: 今ここ · 太線: 直前 · 破線: 次に通れる · しま: ここで止まる',
  ],
} satisfies Record<string, readonly [en: string, ja: string]>;

export type ChartWord = keyof typeof WORDS;

export const say = speaker(WORDS);
