// The sample apps of lessons/apps: which there are, in the order of samples.json, and what each is good for.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Sample = z.object({
  name: z.string(),
  /** One line for who chooses, in English and in Japanese. */
  en: z.string(),
  ja: z.string(),
  /** What the push dialog suggests with it. */
  buildpack: z.string().optional(),
  memory: z.number().optional(),
});
export type Sample = z.infer<typeof Sample>;

/** Every folder of `dir`; one that samples.json does not know comes last, without words. */
export function samplesIn(dir: string): Sample[] {
  const known = z.array(Sample).parse(JSON.parse(readFileSync(join(dir, 'samples.json'), 'utf8')));
  const folders = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const others = folders.filter((name) => !known.some((s) => s.name === name));
  return [...known.filter((s) => folders.includes(s.name)), ...others.map((name) => ({ name, en: '', ja: '' }))];
}
