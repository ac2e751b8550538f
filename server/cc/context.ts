// What the rooms of the Cloud Controller share: its dependencies, as one typed object. Wired in index.ts only.
import type { Random } from '../../machines/placement.ts';
import type { Bus } from '../bus/index.ts';
import type { Lab } from '../lab/types.ts';
import type { Blobs } from './blobstore.ts';
import type { Store } from './store.ts';

export interface Context {
  lab: Lab;
  bus: Pick<Bus, 'publish' | 'subscribe' | 'request'>;
  store: Store;
  blobs: Blobs;
  /** Base of the staging endpoints, with user and password. */
  internalUrl: string;
  random: Random;
  /** Real-time patience; see CloudControllerDeps. */
  patience?: (ms: number, fn: () => void) => () => void;
}

/** The Cloud Controller's name in the journal. */
export const CC = 'cc';
