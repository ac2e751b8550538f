// The words of the article's panel in English and Japanese. What a scene says is in lessons/scenes/article.md.
import { speaker } from '../say.ts';

const WORDS = {
  title: ['Read along with the article', '記事を読みながら見る'],
  about: [
    'For readers of the article about Buildpacks and Warden: one scene for each of its paragraphs, in its order. It is in Japanese, the last part of three, after a talk by Kazuto Kusama: 『PaaS基盤「Cloud Foundry V2」内部で使われるBuildpack、Wardenコンテナの仕組みとは?(後編)』.',
    'Buildpack と Warden の記事を読む人のために、段落ごとに一場面を用意しました。草間一人氏の発表をもとにした記事『PaaS基盤「Cloud Foundry V2」内部で使われるBuildpack、Wardenコンテナの仕組みとは?(後編)』です。',
  ],
  checked: [
    'Where the article claims something, the scene says whose word it is and lets you find out; then it gives a verdict.',
    '記事の主張は、誰の言葉かを示し、自分で確かめられます。そのあとで判定が出ます。',
  ],
  whose: ['Whose word:', '誰の言葉:'],
  team: ['the Cloud Foundry team, as the speaker reports it', 'Cloud Foundry チーム（発表者による紹介）'],
  speaker: ['the speaker', '発表者'],
  editor: ['the editor of the article', '記事の編集者'],
  findOut: ['Find out', '確かめましょう'],
  holds: ['It holds', 'そのとおりです'],
  partly: ['Partly so', '一部は正しいです'],
  fails: ['It does not hold', '当てはまりません'],
  opinion: ['An opinion', '意見です'],
  untold: ['A verdict comes when you have found out.', '確かめると、判定が出ます。'],
  untoldMore: ['{n} verdicts come when you have found out.', '確かめると、判定が {n} つ出ます。'],
  tell: ['Tell me without trying', '試さずに見る'],
  source: ['It can be read in:', '出典:'],
  entry: ['Entry {n}:', '記録 {n}:'],
  seeEntry: ['See it on the stage', 'ステージで見る'],
  shows: ['On the stage:', 'ステージには:'],
  paragraph: ['Paragraph {n} of {all}', '段落 {n} / {all}'],
  look: ['Look', '見てみましょう'],
  wait: [
    'This moment has not come in this lab yet. Push an app: it runs through at real speed, and the page goes to the moment.',
    'このラボではまだこの場面がありません。Push すると、実際の速さで流れ、この場面に移ります。',
  ],
  coming: [
    'A push is under way. The page goes to the moment as soon as it comes.',
    'Push の途中です。場面が来たら、そこに移ります。',
  ],
  watching: [
    'Somebody else drives this lab: you can read and look, and leave the trying to them.',
    'このラボは別の人が操作しています。見ることはできますが、試すのは操作する人です。',
  ],
  push: ['Push hello-node', 'hello-node を Push する'],
  here: ['The stage shows entry {n} of the record.', 'ステージは記録の {n} 番を表示しています。'],
  again: ['Back to this moment', 'この場面に戻る'],
  list: ['All scenes', '場面の一覧'],
  back: ['Back', '戻る'],
  next: ['Next', '次へ'],
  failed: ['The lab refused:', 'ラボが断りました:'],
} satisfies Record<string, [string, string]>;

export type ArticleWord = keyof typeof WORDS;

/** A word in one language, `{n}` and `{all}` filled in. */
export const articleWord = speaker(WORDS);
