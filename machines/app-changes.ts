// What a change of an app's record makes the Cloud Controller do: the observer of cc: app_observer.rb, the version rule
// of cc: app.rb and the checks of cc: hm9000_respondent.rb, as pure functions over the record before and after.
import type { AppEvent } from './app-commands.ts';

export type DesiredState = 'STARTED' | 'STOPPED';
export type PackageState = 'PENDING' | 'STAGED' | 'FAILED';

/** The part of an app's record that decides. */
export interface AppFacts {
  state: DesiredState;
  package_state: PackageState;
  package_hash: string | null;
  droplet_hash: string | null;
  instances: number;
  memory: number;
  version: string;
}

/** Has a package, is not STAGED, is to run: cc: app.rb needs_staging?. */
export function needsStaging(app: AppFacts): boolean {
  return app.package_hash !== null && app.package_state !== 'STAGED' && app.state === 'STARTED' && app.instances > 0;
}

/** True where saving this change gives the app a new version: STARTED, and state or memory changed. */
export function renewsVersion(before: AppFacts, after: AppFacts): boolean {
  return after.state === 'STARTED' && (before.state !== after.state || before.memory !== after.memory);
}

/** The command for the app machine after a commit: state first, else instances, nothing else triggers anything. */
export function commandFor(before: AppFacts, after: AppFacts): AppEvent | undefined {
  if (before.state !== after.state) {
    if (after.state === 'STOPPED') return { type: 'stop' };
    return { type: 'start', needsStaging: needsStaging(after), instances: after.instances };
  }
  if (before.instances === after.instances || after.state !== 'STARTED') return undefined;
  return { type: 'scale', from: before.instances, to: after.instances, needsStaging: needsStaging(after) };
}

/** cc: undo_app_changes.rb: what is taken back when the observer failed. Undefined when nothing is. */
export function undoOf(before: AppFacts, after: AppFacts): Partial<AppFacts> | undefined {
  const undo: Partial<AppFacts> = {};
  if (before.state !== after.state && after.state === 'STARTED') undo.state = before.state;
  if (after.instances > before.instances) undo.instances = before.instances;
  return Object.keys(undo).length > 0 ? undo : undefined;
}

export interface StopRequest {
  droplet: string;
  version: string;
  instance_guid: string;
  instance_index: number;
  is_duplicate: boolean;
}

export interface StartRequest {
  droplet: string;
  version: string;
  instance_index: number;
}

/** Whether a `hm9000.stop` is obeyed: the reason, or undefined when the database says otherwise by now. */
export function stopReason(app: AppFacts | undefined, ask: StopRequest): string | undefined {
  if (!app) return 'the app is unknown';
  if (app.package_state === 'FAILED') return 'staging failed';
  if (ask.is_duplicate) return 'the instance is a duplicate';
  if (app.version !== ask.version) return 'the version differs';
  if (ask.instance_index >= app.instances) return 'the index is not desired';
  return app.state === 'STOPPED' ? 'the app is stopped' : undefined;
}

/** Whether a `hm9000.start` is refused: the reason, or undefined when it is obeyed. */
export function startRefusal(app: AppFacts | undefined, ask: StartRequest): string | undefined {
  if (!app) return 'the app is unknown';
  if (app.version !== ask.version) return 'the version differs';
  if (ask.instance_index >= app.instances) return 'the index is not desired';
  if (app.droplet_hash === null) return 'there is no droplet';
  if (app.package_state !== 'STAGED') return 'the app is not staged';
  return app.state === 'STARTED' ? undefined : 'the app is stopped';
}
