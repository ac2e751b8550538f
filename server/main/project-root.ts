// Where the project's own files are, from the source tree and from a bundle alike. Does not look at the data folder.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, biome.json and wshd/, found upwards from this module. */
export function projectRoot(from: string = fileURLToPath(import.meta.url)): string {
  for (let dir = dirname(from); dir !== '/'; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json')) && existsSync(join(dir, 'wshd'))) return dir;
  }
  throw new Error(`[main] could not find the project above ${from}`);
}
