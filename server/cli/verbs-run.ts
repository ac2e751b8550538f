// The verb that writes a run to a file: the lab makes it (server/debugger/export.ts), this only puts it on the disk.
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RUN_FILE_ENDING } from '../../machines/run-file.ts';
import { Refusal } from '../main/refusal.ts';
import { type FrontDoorFile, findLab } from './lab-client.ts';
import type { Verb } from './verb.ts';

export const runVerbs: Verb[] = [
  {
    name: 'export',
    usage: '[RUN] [FILE]',
    says: `writes one run, or the whole record, to a file (…${RUN_FILE_ENDING}) that any page plays without a lab`,
    run: async ({ data, json, args }) => {
      const [run, file] = args.length === 1 && args[0]?.endsWith(RUN_FILE_ENDING) ? [undefined, args[0]] : args;
      const { lab } = findLab(data);
      const answer = await get(lab, `/lab/export${run ? `?run=${encodeURIComponent(run)}` : ''}`);
      if (answer.statusCode !== 200) {
        answer.resume();
        throw new Refusal(
          answer.statusCode === 404
            ? `There is no run ${run} in the record; wardenscope export without a name writes all of it.`
            : `The lab refused to export (${answer.statusCode}).`,
        );
      }
      const [, named = `run${RUN_FILE_ENDING}`] =
        /filename="?([^";]+)/.exec(answer.headers['content-disposition'] ?? '') ?? [];
      const path = resolve(process.env.INIT_CWD ?? process.cwd(), file ?? named);
      if (existsSync(path)) {
        answer.destroy();
        throw new Refusal(`${path} is there already; name another file: wardenscope export ${run ?? ''} FILE`);
      }
      try {
        await pipeline(answer, createWriteStream(path, { flags: 'wx' }));
      } catch (error) {
        rmSync(path, { force: true });
        throw new Refusal(`${path} could not be written (${error instanceof Error ? error.message : error}).`);
      }
      return json ? JSON.stringify({ file: path }) : path;
    },
  },
];

function get(lab: FrontDoorFile, path: string): Promise<IncomingMessage> {
  const headers = lab.token ? { authorization: `bearer ${lab.token}` } : {};
  return new Promise((done, failed) => {
    const asked = request(`${lab.url}${path}`, { headers, agent: false }, done);
    asked.on('error', (cause) => failed(new Refusal(`The lab at ${lab.url} does not answer (${cause.message}).`)));
    asked.end();
  });
}
