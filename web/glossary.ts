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
  gate: [
    'gate',
    'A place at which the real path can be stopped. While one is closed, lab time stands still. Ours, not of 2014.',
    '本物の流れを止められる場所。閉じている間 lab time は止まります。2014 年にはありません。',
  ],
} satisfies Record<string, readonly [name: string, en: string, ja: string]>;

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
