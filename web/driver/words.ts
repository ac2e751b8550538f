// Words of driver and watchers, in English and Japanese.
import type { Language } from '../model.ts';
import { speaker } from '../say.ts';

const WORDS = {
  youDrive: ['You drive', 'あなたが操作中'],
  watching: ['Watching', '見学中'],
  following: ['following', '追従中'],
  byYourself: ['looking around', '自由に閲覧中'],
  nobodyDrives: ['Nobody drives', '操作する人がいません'],
  watchers: ['{0} watching', '見学 {0} 人'],
  people: ['Who is here', '参加者'],
  viewer: ['Viewer {0}', '参加者 {0}'],
  somebody: ['Somebody', 'だれか'],
  commandLine: ['The command line', 'コマンドライン'],
  you: ['you', 'あなた'],
  drives: ['drives', '操作中'],
  looks: ['watches', '見学'],
  byLink: ['by a link to watch', '見学用リンクから'],
  asks: ['{0} asks to drive.', '{0}が操作を希望しています。'],
  handOver: ['Hand over', '操作を渡す'],
  handOverTo: ['Hand over to {0}', '{0}に操作を渡す'],
  notNow: ['Not now', '今はしない'],
  takeOver: ['Take over', '操作を引き継ぐ'],
  takeBack: ['Take back', '操作を取り戻す'],
  askToDrive: ['Ask to drive', '操作を希望する'],
  asked: ['You have asked to drive.', '操作を希望しました。'],
  follow: ['Follow the driver', '操作する人に追従する'],
  taken: ['{0} drives now.', '{0}が操作を引き継ぎました。'],
  handed: ['{0} has handed over: you drive.', '{0}から操作を渡されました。'],
  declined: ['{0} goes on driving for now.', '{0}が操作を続けます。'],
  refused: [
    '{0} drives this lab; you are watching. Nothing was done.',
    '{0}が操作中です。見学中のため何も実行していません。',
  ],
  gone: ['The driver has gone.', '操作する人がいなくなりました。'],
  goneAsk: [
    'The driver has gone. Somebody with the lab’s own link can take over.',
    '操作する人がいなくなりました。lab 本来のリンクを持つ人が引き継げます。',
  ],
  name: ['Your name', 'あなたの名前'],
  share: ['Let others watch', 'ほかの人に見てもらう'],
  shareHint: [
    'Whoever opens this link watches, and drives only while you have handed over.',
    'このリンクを開いた人は見学できます。操作できるのは、渡されている間だけです。',
  ],
  shareDrive: ['A link that can also take over', '操作も引き継げるリンク'],
  otherLinks: ['The same by other addresses', 'ほかのアドレス'],
  copy: ['Copy', 'コピー'],
  copied: ['Copied', 'コピーしました'],
  qr: ['The link as a QR code', 'リンクの QR コード'],
  loopback: [
    'Only this machine can open this lab. Start it with --listen 0.0.0.0 to let others watch.',
    'この lab はこのマシンからのみ開けます。ほかの人に見せるには --listen 0.0.0.0 で起動します。',
  ],
  manners: [
    'One drives: pause, step, push, breakpoints, faults. The others follow, or look back by themselves.',
    '操作は 1 人（停止、一歩、Push、ブレークポイント、障害）。ほかの人は追従するか、自由に振り返れます。',
  ],
  needsToken: [
    'This lab asks for its token. Open the link that it printed at its start.',
    'この lab にはトークンが必要です。起動時に表示されたリンクを開いてください。',
  ],
  close: ['Close', '閉じる'],
} satisfies Record<string, readonly [en: string, ja: string]>;
export type SeatWord = keyof typeof WORDS;

export const seatWord = speaker(WORDS);

/** What somebody is called: by his own name, else by his number; 0 is the command line. */
export function nameOf(language: Language, { n, name }: { n: number; name: string }): string {
  if (name) return name;
  return n > 0 ? seatWord(language, 'viewer', n) : seatWord(language, 'commandLine');
}
