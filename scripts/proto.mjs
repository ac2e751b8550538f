// Makes server/warden/protocol/gen/ from warden.proto. The result is checked in; `protoc` is needed only to change it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}server/warden/protocol`;
const args = [
  `--plugin=protoc-gen-es=${root}node_modules/.bin/protoc-gen-es`,
  `--proto_path=${folder}`,
  `--es_out=${folder}/gen`,
  '--es_opt=target=ts,import_extension=none',
  'warden.proto',
];
const made = spawnSync('protoc', args, { stdio: 'inherit' });
if (made.error) {
  console.error('[proto] could not run protoc: install it with `apt-get install protobuf-compiler`');
  process.exit(1);
}
process.exit(made.status ?? 1);
