// The supervisor's program: what `npm start` runs after installing and building. Reads like the order of a start.
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrontDoorFile } from '../cli/lab-client.ts';
import { doctorTable, examine } from '../doctor/index.ts';
import { openLab } from '../lab/lab.ts';
import type { Lab } from '../lab/types.ts';
import { labSocket } from './config.ts';
import { helpForFlags, type Options, readOptions } from './options.ts';
import { isLoopback, type LabConfig, makePlan } from './plan.ts';
import { serveRecorded, type Why, whyNotHere } from './recorded.ts';
import { Refusal } from './refusal.ts';
import { createSupervisor } from './supervisor.ts';
import { addressesOf, watchToken } from './token.ts';

// A terminal that went away must not keep a lab from ending in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const say = (text: string) => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`npm start -- [flags]\n\n${helpForFlags()}\n`);
    return;
  }
  process.title = 'wardenscope main';
  const options = readOptions(process.argv.slice(2), process.env);
  const why = options.tier === 'auto' ? await whyNotHere() : undefined;
  if (why) return recorded(options, why);
  const { config, data, slot } = await makePlan(options);
  const doctor = examine({ dir: config.dir, wshd: config.wshd });
  let lab: Lab | undefined;
  const supervisor = createSupervisor({
    config,
    bundles: dirname(fileURLToPath(import.meta.url)),
    lab: () => lab,
    say,
  });
  const giveBack = () => {
    slot.release();
    data.unlock();
  };

  let asked = 0;
  let askedAt = 0;
  const end = (why: string) => {
    // A terminal and npm both pass one Ctrl-C on: what comes at the same moment is the same wish.
    const again = performance.now() - askedAt > 300;
    askedAt = performance.now();
    if (!again || asked > 1) return;
    asked += 1;
    say(asked === 1 ? `\n${why}: ending everything, containers too` : `${why} again: by force`);
    const ended = asked === 1 ? supervisor.end() : supervisor.force();
    void ended
      .catch((error: unknown) => say(String(error)))
      .finally(() => {
        giveBack();
        process.exit(asked === 1 ? 0 : 1);
      });
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => end(name));

  // A suite holds the other end of stdin: a lab must not outlive the suite that is killed.
  if (process.env.WARDENSCOPE_LEASH === 'stdin') process.stdin.resume().on('close', () => end('The end of its suite'));

  void openLab({ proc: 'main', role: 'main', socket: labSocket(config.dir), gatesDisabled: true }).then((opened) => {
    lab = opened;
  });
  try {
    await supervisor.start(options.deas);
  } catch (error) {
    if (asked > 0) return;
    say(error instanceof Error ? error.message : String(error));
    await supervisor.force();
    giveBack();
    process.exit(1);
  }
  if (asked > 0) return;
  writeFileSync(`${config.run}/front-door.json`, `${JSON.stringify(frontDoorOf(config))}\n`, { mode: 0o600 });
  process.stdout.write(`\n${doctorTable(await doctor)}\n\n`);
  if (!isLoopback(config.listen)) {
    process.stdout.write(`user admin, password ${config.admin}\ntoken of the lab's own API: ${config.token}\n`);
    process.stdout.write(linksOf(config));
  }
  process.stdout.write(`Wardenscope is ready at ${config.frontDoor}/ (lab ${config.lab}, data in ${config.dir})\n`);
}

/** No lab, but the page with the recorded run, until somebody ends it. */
async function recorded(options: Options, why: Why): Promise<void> {
  const page = await serveRecorded(options, why);
  const end = () => void page.close().then(() => process.exit(0));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, end);
  if (process.env.WARDENSCOPE_LEASH === 'stdin') process.stdin.resume().on('close', end);
  say(why.en);
  process.stdout.write(
    `Wardenscope is ready at ${page.url}/ (a recorded run; wardenscope doctor says what is missing)\n`,
  );
}

/** For other machines: the link that drives, and the one for watchers, which the page also shows as a QR code. */
function linksOf({ listen, port, token }: LabConfig): string {
  const line = (what: string, word: string) =>
    addressesOf(listen, port).map((address) => `${what}: ${address}?token=${word}\n`);
  return [...line('open it from another machine', token), ...line('let others watch', watchToken(token))].join('');
}

/** What the command line needs to find this lab and to be let in. */
function frontDoorOf({ lab, frontDoor, dir, run, stack, domain, token, admin }: LabConfig): FrontDoorFile {
  return { pid: process.pid, lab, url: frontDoor, dir, run, stack, domain, token, admin };
}

main().catch((error: unknown) => {
  say(
    error instanceof Refusal ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  process.exit(1);
});
