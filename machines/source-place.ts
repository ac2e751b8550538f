// Which file and line stand behind an entry or a gate: C of wshd, a machine's definition, a line of a buildpack. Pure; it
// reads texts that it is given and finds lines in them, and knows no disk.
import { definitionLines } from './definition-lines.ts';
import type { Entry, GatePoint } from './journal.ts';
import { stateText } from './sentences.ts';

export interface SourcePlace {
  /** As `GET /lab/source` names it: `wshd/boot.c`, `machines/app.ts`, `server/dea/buildpacks/nodejs/bin/compile` … */
  file: string;
  /** From 1; known for C and scripts. 0 is the script as a whole, before its first line. */
  line?: number;
  /** Of a machine: what to look for in its definition, the most exact first. */
  names: string[];
  /** What a breakpoint at another line of this file would have to say. */
  script?: string;
}

/** Where bundled buildpacks lie inside a container, and where in the repository (server/dea/layout.ts, bundled.ts). */
const BUNDLED_INSIDE = '/var/vcap/packages/dea_next/buildpacks/';
const BUNDLED = 'server/dea/buildpacks/';
/** The DEA's own folder inside a container: admin buildpacks and those that a user gave as a folder. */
const DEA_INSIDE = '/var/vcap/data/dea_next/';

/** The source behind an entry; undefined for what has none of its own (a message on the wire, output). */
export function sourceOf(e: Entry): SourcePlace | undefined {
  switch (e.type) {
    case 'step':
      return { file: e.file, line: e.line, names: [] };
    case 'script':
      return scriptPlace(e.buildpack, e.file, e.line);
    case 'transition':
      return machinePlace(e.machine, [...deepest(e.machine, e.value), ...e.edges]);
    case 'effect':
      return machinePlace(e.machine, [`invoke ${e.name}`]);
    case 'gate':
      return sourceOfPoint(e.point);
    default:
      return undefined;
  }
}

/** The source of what is held at a gate. */
export function sourceOfPoint(p: GatePoint): SourcePlace | undefined {
  if (p.kind === 'script') return scriptPlace(p.buildpack, p.file ?? '', p.line ?? 0);
  if (p.file !== undefined) return { file: p.file, line: p.line, names: [] };
  if (p.machine === undefined) return undefined;
  // The end of an effect is held where a state behind it has a breakpoint: that state is what comes next.
  const ahead = p.kind === 'delivery' || p.when === 'end' ? [...(p.enters ?? [])].reverse().concat(p.edges ?? []) : [];
  return machinePlace(p.machine, p.kind === 'effect' ? [...ahead, `invoke ${p.name}`] : ahead);
}

/** The files that a run's entries mention, each once, in the order in which they come. */
export function sourceFilesOf(entries: Iterable<Entry>): string[] {
  const files = new Set<string>();
  for (const e of entries) {
    const file = sourceOf(e)?.file;
    if (file) files.add(file);
  }
  return [...files];
}

/** The line, from 1, at which this place is found in the file's text; undefined where the text has no such thing. */
export function lineIn(text: string, { file, line, names }: SourcePlace): number | undefined {
  if (line !== undefined) return Math.max(1, line);
  const machine = /^machines\/([\w-]+)\.ts$/.exec(file)?.[1];
  if (machine === undefined) return undefined;
  const lines = definitionLines(text, machine);
  return names.map((name) => lines.get(name.replace(/:\d+→.*$/, ''))).find((found) => found !== undefined);
}

function machinePlace(machine: string, names: string[]): SourcePlace {
  return { file: `machines/${machine}.ts`, names };
}

/** `inside` is the buildpack's folder in the container; records from before it was told have none. */
function scriptPlace(inside: string | undefined, file: string, line: number): SourcePlace | undefined {
  const name = inside && folderOf(inside);
  return name ? { file: `${name}/${file}`, line, names: [], script: file } : undefined;
}

function folderOf(inside: string): string | undefined {
  if (inside.startsWith(BUNDLED_INSIDE)) return BUNDLED + inside.slice(BUNDLED_INSIDE.length);
  if (inside.startsWith(DEA_INSIDE)) return inside.slice(DEA_INSIDE.length);
  return undefined;
}

/** Ids of the states of a value, the deepest first. */
function deepest(machine: string, value: unknown): string[] {
  return stateText(value)
    .split(' + ')
    .reverse()
    .flatMap((path) => prefixes(path).map((prefix) => `${machine}.${prefix}`));
}

/** `a.b.c`, `a.b`, `a`. */
function prefixes(path: string): string[] {
  const keys = path.split('.');
  return keys.map((_, i) => keys.slice(0, keys.length - i).join('.'));
}
