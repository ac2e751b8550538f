// What an app machine is told and what its effects hand on: the commands, facts and results of machines/app.ts, and the
// small pure readings of them. Where they lead is the machine's own business.

/** Commands from the API (`needsStaging` is decided there, from the record) and from the health manager. */
export type AppEvent =
  | { type: 'start'; needsStaging: boolean; instances: number }
  | { type: 'stop' }
  | { type: 'scale'; from: number; to: number; needsStaging: boolean }
  | { type: 'stage' }
  | { type: 'routes.changed' }
  | { type: 'hm.start'; index: number }
  /** A droplet came for an app that was given up: its stager outlived the Cloud Controller that had asked. */
  | { type: 'droplet.stored' }
  | { type: 'delete' };

/** Where an app begins: what the database says when its machine is made. */
export interface AppInput {
  guid: string;
  at: 'stopped' | 'started' | 'failed';
}

/** Why a command failed, in the words of the API's error table: `StagingError`, `NoAppDetectedError`, … */
export interface AppProblem {
  type: string;
  message: string;
}

/** The second reply of a stager, after the droplet was uploaded. */
export interface Staged {
  detectedBuildpack: string | null;
  /** Instance 0 starts on the stager when it has a droplet: no start message for it. */
  startedOn: string | null;
}

/** What the completion of a staging is given. */
export interface Completion {
  guid: string;
  taskId: string;
  staged: Staged;
  only: boolean;
  instances: number;
}

export interface StagingTicket {
  taskId: string;
  stager: string;
}

/** The problem that an effect failed with; anything without a `type` is a server error. */
export function problemOf(error: unknown): AppProblem {
  const message = error instanceof Error ? error.message : String(error);
  const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : 'ServerError';
  return { type, message };
}

export function isWanted(output: unknown): boolean {
  return typeof output === 'object' && output !== null && 'wanted' in output && output.wanted === true;
}

/** The instance count that this event asks for. */
export function wantedBy(event: AppEvent): number | undefined {
  if (event.type === 'start') return event.instances;
  return event.type === 'scale' ? event.to : undefined;
}

/** The indices that have to be started: every one at a start, those above at a scale. */
export function newIndices(event: AppEvent): number[] {
  if (event.type === 'start') return range(0, event.instances);
  return event.type === 'scale' ? range(event.from, event.to) : [];
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
