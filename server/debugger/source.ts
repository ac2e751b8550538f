// `GET /lab/source?file=…`: the texts that the page shows beside a held thing. It serves the C of wshd, the machines, the
// server with its buildpacks, and buildpacks that this lab's DEAs have; nothing else on this host, whatever the name says.
import { readdirSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Router } from 'express';
import { z } from 'zod';
import { ApiError, answerError, sameOrigin } from './api.ts';

export interface SourceDeps {
  /** The checkout. */
  root: string;
  /** The lab's data folder. */
  dir: string;
}

/** Larger files are no source that anybody reads beside a picture. */
const LARGEST = 512 * 1024;
/** Rooms of the repository. */
const ROOMS = ['wshd', 'machines', 'server'];

/** To be mounted at `/lab`. Answers `{ file, text }`; 404 for whatever is not there or is not to be had. */
export function sourceRouter(deps: SourceDeps): Router {
  const router = Router();
  router.get('/source', sameOrigin, async (req, res) => {
    const { file } = z.object({ file: z.string().min(1).max(500) }).parse(req.query);
    const text = await readSource(deps, file);
    if (text === undefined)
      throw new ApiError(404, `no source file ${file}: is it from another version, or gone since?`);
    res.json({ file, text });
  });
  router.use('/source', answerError);
  return router;
}

/**
 * The text of a source file by its name (machines/source-place.ts), undefined when there is none. A buildpack that a user
 * gave as a folder is there only while its app is being staged.
 */
export async function readSource({ root, dir }: SourceDeps, file: string): Promise<string | undefined> {
  const parts = file.split('/');
  if (parts.some((part) => part === '' || part.startsWith('.') || part.includes('\0'))) return undefined;
  const [room = '', ...rest] = parts;
  if (ROOMS.includes(room)) return readInside(join(root, room), rest.join('/'));
  const [name = '', ...below] = rest;
  for (const node of foldersIn(join(dir, 'nodes'))) {
    const base = join(dir, 'nodes', node, 'dea');
    const folder =
      room === 'admin_buildpacks' ? join(base, room, name) : room === 'staging' ? await givenTo(base, name) : undefined;
    // Of a staging task's workspace only the buildpack: the rest is the user's app.
    const wanted = room === 'staging' ? (below[0] === 'buildpack' ? below.slice(1) : []) : below;
    const text = folder && (await readInside(folder, wanted.join('/')));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Where the buildpack lies that a staging task was given: a workspace has a name of its own here, the task's inside. */
async function givenTo(base: string, task: string): Promise<string | undefined> {
  for (const workspace of foldersIn(join(base, 'staging'))) {
    const told = await readFile(join(base, 'staging', workspace, 'plugin_config'), 'utf8').catch(() => '');
    if (told.includes(`/staging/${task}/buildpack/`)) return join(base, 'staging', workspace, 'buildpack');
  }
  return undefined;
}

/** Only what really lies in the folder: links that lead out of it are refused. */
async function readInside(folder: string, file: string): Promise<string | undefined> {
  if (file === '') return undefined;
  try {
    const [base, path] = await Promise.all([realpath(folder), realpath(join(folder, file))]);
    if (!path.startsWith(base + sep)) return undefined;
    const found = await stat(path);
    if (found.size > LARGEST || !found.isFile()) return undefined;
    const text = await readFile(path, 'utf8');
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
