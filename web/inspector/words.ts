// The inspector's own words.
import { speaker } from '../say.ts';

const WORDS = {
  breakHere: ['Break here', 'ここで止める'],
  breaksHere: ['Breaks here', 'ここで止まる'],
  noBreak: ['Nothing can stop at an entry of this kind.', 'この種類の記録では止められません。'],
  source: ['Source', 'ソース'],
  copy: ['Copy', 'コピー'],
  copied: ['Copied', 'コピーしました'],
  raw: ['As recorded (JSON)', '記録そのまま（JSON）'],
  bytes: ['Bytes', 'バイト列'],
  fields: ['Fields', 'フィールド'],
  asSent: ['as the sender wrote it', '送り手が書いた形'],
  bare: [
    'as the receiver read it: the length and the line ends around it are already off',
    '受け手が読んだ形（前後の長さと改行は取り除かれています）',
  ],
  cut: ['The record keeps the first 4096 bytes of a frame.', '記録はフレームの先頭 4096 バイトまでです。'],
  all: ['Show all {0} bytes', '{0} バイトすべて表示'],
  answer: ['Its answer', '応答'],
  request: ['Its request', '要求'],
  noBytes: ['No bytes were recorded.', 'バイト列は記録されていません。'],
  before: ['before', '前'],
  after: ['after', '後'],
  fact: ['fact', '項目'],
  none: ['none', 'なし'],
  context: ['Context', 'context'],
  edges: ['Edges taken', '通った矢印'],
  noEdges: ['No edge: the state stays.', '矢印なし（状態は同じ）'],
  event: ['event', 'event'],
  value: ['state', '状態'],
  input: ['input', '入力'],
  output: ['output', '出力'],
  error: ['error', 'エラー'],
  took: ['took', '所要時間'],
  sample: ['sampling took', 'サンプリング'],
  payload: ['Content', '内容'],
  empty: ['Nothing in it.', '中身はありません。'],
  path: ['from → to', '送り手 → 受け手'],
  sent: ['sent', '送信'],
  receivers: ['received', '受信'],
  point: ['Gate', 'gate'],
  by: ['closed by', '止めた理由'],
  opened: ['opened by', '開けたもの'],
  headSays: [
    'The length of what follows, in decimal digits, and a line end.',
    '続くメッセージの長さ（10 進数）と改行です。',
  ],
  tailSays: ['A line end closes the frame.', '改行でフレームが終わります。'],
  restSays: ['These bytes are no field that can be read.', 'フィールドとして読めないバイトです。'],
  fieldSays: [
    'field {0}, {1}: tag {2}{3}, value {4} bytes of type {5}',
    'フィールド {0}（{1}）: tag {2}{3}、値は {5} 型の {4} バイト',
  ],
  length: [', length {0}', '、長さ {0}'],
  byteSays: ['byte {0}: {1}, in {2}', 'バイト {0}: {1}（{2}）'],
  hint: ['Arrow keys go from field to field, or from byte to byte.', '矢印キーでフィールドやバイトを移動できます。'],
} satisfies Record<string, readonly [en: string, ja: string]>;

export type InspectorWord = keyof typeof WORDS;

export const say = speaker(WORDS);
