// Admin buildpacks: records with a dense order, and their bits. System buildpacks are records without bits, locked.
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { type Call, created, type Handler, NO_CONTENT, parseBody } from '../call.ts';
import type { Context } from '../context.ts';
import { inTransaction } from '../database.ts';
import { ApiError } from '../errors.ts';
import type { Presenter } from '../resources.ts';
import { STAGING_LIMIT } from '../stager.ts';
import type { Buildpack } from '../store.ts';
import { receiveUpload } from '../upload.ts';
import { list, named } from './list.ts';

const NAME = z.string().regex(/^[\w-]+$/, 'name can only contain alphanumeric characters, _ and -');
const CHANGES = z.object({
  name: NAME.optional(),
  position: z.number().int().min(0).optional(),
  enabled: z.boolean().optional(),
  locked: z.boolean().optional(),
});

export function buildpackHandlers({ store, blobs, lab }: Context, present: Presenter) {
  const buildpacks = {
    table: store.buildpacks,
    present: present.buildpack,
    filters: { name: 'name', position: 'position' },
  };
  const of = (call: Call) => named(call, store.buildpacks, 'NotFound');
  const isTaken = (name: string, but?: string) =>
    store.buildpacks.find([{ column: 'name', values: [name] }]).some((b) => b.guid !== but);
  /** Puts `guid` at `position` (1-based; 0 counts as 1) and numbers all of them without gaps. */
  const arrange = (guid: string, position: number) => {
    const others = store.buildpacks.find([], { orderBy: 'position' }).filter((b) => b.guid !== guid);
    const moved = store.buildpacks.get(guid);
    if (moved) others.splice(Math.max(1, position) - 1, 0, moved);
    others.forEach((b, i) => {
      store.buildpacks.update(b.guid, { position: i + 1 });
    });
  };
  /** Old bits stay for one staging time-out: stagings under way may still fetch them. */
  const dropLater = (key: string | null) => {
    if (key) lab.clock.after(STAGING_LIMIT, 'beat', `drop buildpack ${key}`, () => void blobs.buildpacks.remove(key));
  };

  return {
    listBuildpacks: (call) => list({ ...call, query: { 'order-by': 'position', ...call.query } }, buildpacks),
    getBuildpack: (call) => ({ json: present.buildpack(of(call)) }),
    createBuildpack: (call) => {
      const { name, position, enabled = true, locked = false } = parseBody(call, CHANGES.extend({ name: NAME }));
      if (isTaken(name)) throw new ApiError('BuildpackNameTaken', name);
      const { guid } = inTransaction(store.db, () => {
        const last = store.buildpacks.count() + 1;
        const record = { name, position: last, enabled, locked, filename: null, key: null, system: null };
        const made = store.buildpacks.insert({ ...store.stamp(), ...record });
        arrange(made.guid, position ?? last);
        return made;
      });
      return created(present.buildpack(of({ ...call, params: { guid } })));
    },
    updateBuildpack: (call) => {
      const { guid, system } = of(call);
      const { position, ...changes } = parseBody(call, CHANGES);
      if (system !== null && (changes.name !== undefined || changes.locked === false)) {
        throw new ApiError('BuildpackInvalid', 'it comes with this lab: only its position and enabled can change');
      }
      if (changes.name !== undefined && isTaken(changes.name, guid)) {
        throw new ApiError('BuildpackNameTaken', changes.name);
      }
      inTransaction(store.db, () => {
        store.buildpacks.update(guid, { ...changes, updated_at: store.now() });
        if (position !== undefined) arrange(guid, position);
      });
      return created(present.buildpack(of(call)));
    },
    deleteBuildpack: (call) => {
      const { guid, key, system } = of(call);
      if (system !== null) throw new ApiError('BuildpackInvalid', 'it comes with this lab: disable it instead');
      inTransaction(store.db, () => {
        store.buildpacks.remove(guid);
        arrange('', 1);
      });
      dropLater(key);
      return NO_CONTENT;
    },
    uploadBuildpack: async (call) => {
      const old = of(call);
      if (old.locked) throw new ApiError('BuildpackLocked');
      const folder = await blobs.work();
      try {
        return created(present.buildpack(await keep(call, old, folder)));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    downloadBuildpack: (call) => {
      const { guid, key } = of(call);
      if (key === null || !blobs.buildpacks.has(key)) throw new ApiError('NotFound', guid);
      return { file: blobs.buildpacks.path(key) };
    },
  } satisfies Record<string, Handler>;

  async function keep(call: Call, old: Buildpack, folder: string): Promise<Buildpack> {
    const { files } = await receiveUpload(call.req, folder).catch((error: Error) => {
      throw new ApiError('BuildpackBitsUploadInvalid', error.message);
    });
    const file = files.find((f) => f.field === 'buildpack');
    if (!file) throw new ApiError('BuildpackBitsUploadInvalid', 'a file must be provided');
    const filename = basename(file.filename);
    if (!filename.endsWith('.zip')) throw new ApiError('BuildpackBitsUploadInvalid', 'only zip files allowed');
    const key = `${old.guid}_${file.sha1}`;
    await blobs.buildpacks.moveFile(key, file.path);
    if (old.key !== key) dropLater(old.key);
    return store.buildpacks.update(old.guid, { key, filename, updated_at: store.now() });
  }
}
