// A claim is a file that names the process which owns something: the data folder, a slot. Made by link(2), so that it
// exists whole or not at all; a claim of a dead process can be taken over. Does not wait.
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isAlive, Living, livingOf } from './living.ts';

const Claim = z.object({ owner: Living, lab: z.string(), dir: z.string() });
export type Claim = z.infer<typeof Claim>;

/** Claims `file` for this process. Returns undefined when it is ours now, else the living claim that stands. */
export function claim(file: string, lab: string, dir: string): Claim | undefined {
  const owner = livingOf(process.pid);
  if (!owner) throw new Error('[main] could not claim: this process is not in /proc');
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, `${JSON.stringify({ owner, lab, dir } satisfies Claim)}\n`, { mode: 0o600 });
  try {
    for (let tries = 0; tries < 10; tries++) {
      if (linked(mine, file)) return undefined;
      const standing = readClaim(file);
      if (standing && isAlive(standing.owner)) return standing;
      takeAway(file, standing);
    }
  } finally {
    unlinkSync(mine);
  }
  throw new Error(`[main] could not claim ${file}: it changes hands all the time`);
}

/** Gives a claim back, if it is ours. */
export function release(file: string): void {
  const standing = readClaim(file);
  if (standing?.owner.pid === process.pid && isAlive(standing.owner)) unlinkSync(file);
}

/** What a claim says, whoever made it; undefined when there is none that can be read. */
export function readClaim(file: string): Claim | undefined {
  try {
    return Claim.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Removes a dead claim, but not one that a third process has put in its place meanwhile. */
function takeAway(file: string, dead: Claim | undefined): void {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const taken = readClaim(aside);
  if (taken && taken.owner.pid !== dead?.owner.pid && isAlive(taken.owner)) linked(aside, file);
  unlinkSync(aside);
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
