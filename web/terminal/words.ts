// Words of the terminals, in English and Japanese.
import { speaker } from '../say.ts';

const WORDS = {
  container: ['Container', 'コンテナ'],
  user: ['User', 'ユーザー'],
  open: ['Open a terminal', '端末を開く'],
  again: ['Open again', 'もう一度開く'],
  close: ['Close {0}', '{0} を閉じる'],
  terminals: ['Terminals', '端末'],
  staging: ['staging {0}', '{0} の Staging'],
  instance: ['{0} #{1}', '{0} #{1}'],
  unknown: ['purpose not recorded', '用途の記録なし'],
  booting: ['booting', '起動中'],
  held: ['held in its boot', '起動の途中で保留中'],
  none: [
    'No container is alive. Push an app: staging makes the first one, and you can go into it, also while its boot is held.',
    'コンテナはありません。アプリを Push すると Staging が最初のコンテナを作ります。起動の途中で止めている間も中に入れます。',
  ],
  recorded: [
    'This is a recorded run: there is no container to go into. Start a lab with npm start.',
    '記録された実行なので、入れるコンテナはありません。npm start で lab を起動してください。',
  ],
  empty: [
    'Choose a container. The shell runs inside it, in a cgroup leaf of its own, and is never recorded.',
    'コンテナを選んでください。シェルはその中の専用の cgroup で動き、記録されません。',
  ],
  opening: ['opening …', '開いています…'],
  inside: ['A shell inside, in the leaf “visit”.', 'コンテナ内のシェルです（リーフ visit）。'],
  host: [
    'The boot is held and wshd does not serve yet. This shell comes from the host, as its root, through the namespaces that exist so far: {0}.',
    '起動の途中で、wshd はまだ応答しません。このシェルはホストの root として、今ある Namespace（{0}）を通って入ります。',
  ],
  exited: ['The shell has ended with status {0}.', 'シェルは status {0} で終わりました。'],
  refused: ['No shell: {0}', '開けません: {0}'],
  lost: [
    'The connection has ended: the container or the lab is gone.',
    '接続が切れました。コンテナか lab がなくなりました。',
  ],
  watcher: [
    'You came by a link to watch: a terminal opens while you drive.',
    '見学用リンクでは、操作中だけ端末を開けます。',
  ],
  leave: ['Keys go to the shell. Esc Esc leaves it.', 'キーはシェルに届きます。Esc を2回押すと抜けます。'],
} satisfies Record<string, readonly [en: string, ja: string]>;
export type TerminalWord = keyof typeof WORDS;

export const terminalWord = speaker(WORDS);
