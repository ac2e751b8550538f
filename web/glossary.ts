// What the words of 2014 mean, in a sentence each: in the help sheet, and as a hint on the stage's stations.
import type { Language } from './model.ts';

const MEANINGS = {
  cc: [
    'Cloud Controller',
    'Knows which apps there should be: it takes the upload and asks a DEA to stage it and to run it.',
    'どのアプリがあるべきかを知っています。アップロードを受け取り、DEA に staging と起動を頼みます。',
  ],
  router: [
    'router',
    'Takes every request from outside and passes it on by host name, to the Cloud Controller or to an app.',
    '外からのリクエストを受け、ホスト名によって Cloud Controller かアプリへ渡します。',
  ],
  hm: [
    'health manager',
    'Compares which instances there should be with the heartbeats of those that are, and asks for what is missing.',
    'あるべきインスタンスと heartbeat を比べ、足りないものを起動するよう頼みます。',
  ],
  nats: [
    'NATS',
    'The message bus: who publishes does not know who listens.',
    'メッセージバス。送り手は受け手を知りません。',
  ],
  dea: [
    'DEA',
    'Droplet Execution Agent: on each node it decides what is staged and run there. It makes no container itself.',
    'Droplet Execution Agent。各ノードで staging と実行を取り仕切ります。コンテナは自分では作りません。',
  ],
  warden: [
    'Warden',
    'The server beside the DEA that makes containers and runs jobs in them; asked over a Unix socket.',
    'DEA の隣でコンテナを作り、その中でジョブを動かすサーバー。Unix ソケットで頼まれます。',
  ],
  wshd: [
    'wshd',
    'Warden shell daemon: PID 1 of each container. It outlives the jobs, starts them when asked, and reaps them.',
    'Warden shell daemon。各コンテナの PID 1。ジョブより長く生き、頼まれてジョブを起動し、後始末をします。',
  ],
  staging: [
    'staging',
    'Turning what was uploaded into a droplet: a buildpack does it, in a container made for that.',
    'アップロードされたものを droplet にすること。そのためのコンテナの中で buildpack が行います。',
  ],
  buildpack: [
    'buildpack',
    'Three scripts: detect says whether the app is its kind, compile adds what it needs, release says how to start it.',
    '三つのスクリプト。detect は自分の担当かを答え、compile は必要なものを加え、release は起動方法を述べます。',
  ],
  droplet: [
    'droplet',
    'The packed result of staging: the app with everything that it needs to run.',
    'staging の結果。アプリと、動くのに必要なものすべてを固めたファイル。',
  ],
  instance: [
    'instance',
    'One running copy of an app, in a container of its own; the first has number 0.',
    '動いているアプリの 1 つ。それぞれ自分のコンテナを持ち、最初の番号は 0 です。',
  ],
  handle: [
    'handle',
    'The name that Warden gives a container; everybody asks for it by that name.',
    'Warden がコンテナに付ける名前。すべての依頼はこの名前で行います。',
  ],
  namespace: [
    'namespace',
    'What a process can see of one kind: mounts, process numbers, network, host name, users. Drawn as a wall.',
    'マウント、プロセス番号、ネットワーク、ホスト名、ユーザーなど、種類ごとの見える範囲。壁として描きます。',
  ],
  cgroup: [
    'cgroup',
    'What a group of processes may use, of memory, processor and processes. Drawn as a gauge.',
    'プロセスの集まりが使ってよいメモリ、CPU、プロセス数。ゲージとして描きます。',
  ],
  pivot_root: [
    'pivot_root',
    'The system call that puts another folder in the place of /, and hangs the old / under it.',
    '別のフォルダーを / にして、元の / をその下に移すシステムコール。',
  ],
  gate: [
    'gate',
    'A place at which the real path can be stopped. While one is closed, lab time stands still. Ours, not of 2014.',
    '本物の流れを止められる場所。閉じている間 lab time は止まります。2014 年にはありません。',
  ],
} satisfies Record<string, readonly [name: string, en: string, ja: string]>;

/** What the signs of the stage say. */
const SIGNS: readonly (readonly [sign: string, en: string, ja: string])[] = [
  [
    '○ ●',
    'A message on its way; the last one that has arrived on its path.',
    '届く途中のメッセージと、その経路で最後に届いたもの。',
  ],
  ['×12', 'How many messages have gone along a path so far.', 'その経路を通ったメッセージの数。'],
  [
    '╌ ━',
    "A wall that is still the host's, and one of the container's own.",
    'まだホストのものである壁と、コンテナ自身の壁。',
  ],
  ['▨', "Files of the host; on plain ground, the container's own.", 'ホストのファイル。無地はコンテナ自身のもの。'],
  [
    'dev',
    'Underlined: something of its own is mounted there; in red, the root of the host.',
    '下線は別のマウント。赤はホストのルートです。',
  ],
  ['┊', 'Dotted: what the next call or message will change.', '点線は、次の呼び出しやメッセージで変わるもの。'],
  [
    '1234│1 wshd',
    'One process: its number on the host, and its number and name inside.',
    '1 つのプロセス。左はホストでの番号、右は中での番号と名前。',
  ],
  [
    ':61001',
    'A door: a port of the host that leads into the container.',
    'ドア。ホストのポートからコンテナに入れます。',
  ],
  [
    'I',
    'The gap in the wall between dea and warden is their Unix socket.',
    'dea と warden の間の壁の隙間が Unix ソケットです。',
  ],
];

/** Each sign of the stage with a sentence. */
export function signs(language: Language): { sign: string; says: string }[] {
  return SIGNS.map(([sign, en, ja]) => ({ sign, says: language === 'ja' ? ja : en }));
}

export type Term = keyof typeof MEANINGS;

/** One sentence; empty for what is no term of ours. */
export function meaningOf(language: Language, term: string): string {
  const found = Object.entries(MEANINGS).find(([key]) => key === term)?.[1];
  return found ? `${found[0]}: ${found[language === 'ja' ? 2 : 1]}` : '';
}

/** All of them, in the order in which a push meets them. */
export function glossary(language: Language): { name: string; says: string }[] {
  return Object.values(MEANINGS).map(([name, en, ja]) => ({ name, says: language === 'ja' ? ja : en }));
}
