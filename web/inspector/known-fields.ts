// Fields of 2014 that a newcomer cannot guess, in a few words. Everything else speaks for itself.
import type { Language } from '../model.ts';

const KNOWN: Partial<Record<string, readonly [en: string, ja: string]>> = {
  handle: ['name of the container', 'コンテナの名前'],
  grace_time: ['seconds without a client until it is destroyed', 'client なしで破棄されるまでの秒数'],
  bind_mounts: ['folders of the host to be seen inside', '中から見えるホストのフォルダ'],
  job_id: ['a process group that wshd runs', 'wshd が動かすジョブ'],
  discard_output: ['output is not kept', '出力を残さない'],
  privileged: ['as root of the container', 'コンテナの root として'],
  rlimits: ['limits of one process', 'プロセスごとの上限'],
  host_port: ['door on the host', 'ホスト側のポート'],
  container_port: ['the port behind the door', 'コンテナ側のポート'],
  limit_in_bytes: ['memory, of all processes inside', '中の全プロセスのメモリ上限'],
  limit_in_shares: ['weight against its neighbours', '隣のコンテナに対する重み'],
  exit_status: ['255 where a signal ended it', 'シグナルで終わると 255'],
  droplet: ['the app (its guid)', 'アプリの guid'],
  sha1: ['of the droplet', 'Droplet の sha1'],
  executableUri: ['where the droplet is fetched', 'Droplet の取得先'],
  download_uri: ['where the app is fetched', 'アプリの取得先'],
  upload_uri: ['where the droplet goes', 'Droplet の送り先'],
  buildpack_cache_download_uri: ['kept from the last staging', '前回の staging の残り'],
  task_id: ['of the staging', 'staging の番号'],
  start_message: ['the first instance starts on its stager', '最初のインスタンスは stager で始まる'],
  limits: ['memory and disk in MB, open files', 'メモリと disk は MB、ファイル数'],
  available_memory: ['MB that are not promised yet', 'まだ約束していない MB'],
  available_disk: ['MB that are not promised yet', 'まだ約束していない MB'],
  placement_properties: ['zone', 'zone'],
  stacks: ['root file systems that it has', '持っている root file system'],
  app_id_to_count: ['instances that it runs already', 'すでに動かしているインスタンス数'],
  index: ['of the instance, from 0', 'インスタンスの番号（0 から）'],
  uris: ['hosts that lead here', 'ここへ来るホスト名'],
  private_instance_id: ['secret id for sticky sessions', 'sticky session 用の内緒の id'],
  tags: ['for the router’s metrics', 'ルーターの統計用'],
  minimumRegisterIntervalInSeconds: ['register at least this often', 'この間隔で登録し直す'],
  prune_thresholdInSeconds: ['forgotten when not registered for so long', '登録がないと忘れるまで'],
  detected_buildpack: ['as its bin/detect said', 'bin/detect の答え'],
  memory: ['MB of one instance', '1 インスタンスの MB'],
  instances: ['wanted', '望まれる数'],
  state: ['desired, or as it is', '望む状態、または実際の状態'],
  package_state: ['PENDING, STAGED or FAILED', 'PENDING / STAGED / FAILED'],
};

/** Undefined for a field that needs no words. */
export function knownField(name: string, language: Language): string | undefined {
  return KNOWN[name]?.[language === 'ja' ? 1 : 0];
}
