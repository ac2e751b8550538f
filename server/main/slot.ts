// Claims one of the sixteen slots of this host, which keep the networks, ports and user ids of its labs apart.
// A slot of a dead lab stays that lab's as long as anything of it lives, because its containers use its numbers.
import { mkdirSync } from 'node:fs';
import { claim, readClaim, release } from './claim.ts';
import { RUN_BASE } from './config.ts';
import { hasContainers } from './containers-left.ts';
import { isAlive } from './living.ts';
import { Refusal } from './refusal.ts';

const SLOTS = 16;
export const SLOT_FOLDER = `${RUN_BASE}/slots`;

export interface Slot {
  slot: number;
  /** A lab that is gone and had this slot before: what it left has our numbers and must go first. */
  left: { lab: string; dir: string } | undefined;
  release(): void;
}

/** The lab's own slot from before, else a free one. `lives(lab)` says whether a dead lab has containers left. */
export function claimSlot(lab: string, dir: string, lives: (lab: string) => boolean = hasContainers): Slot {
  mkdirSync(SLOT_FOLDER, { recursive: true, mode: 0o755 });
  const all = Array.from({ length: SLOTS }, (_, slot) => ({ slot, file: `${SLOT_FOLDER}/${slot}` }));
  const before = all.filter(({ file }) => readClaim(file)?.lab === lab);
  const free = all.filter(({ file }) => {
    const standing = readClaim(file);
    return !standing || (!isAlive(standing.owner) && !lives(standing.lab));
  });
  for (const { slot, file } of [...before, ...free]) {
    const standing = readClaim(file);
    if (claim(file, lab, dir)) continue;
    return { slot, left: standing && standing.lab !== lab ? standing : undefined, release: () => release(file) };
  }
  throw new Refusal(
    `All ${SLOTS} slots of this host are taken by other labs; stop one, or type: npx wardenscope clean.`,
  );
}
