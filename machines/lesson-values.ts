// The values that lessons name in {}, as far as the record has them. Pure.
import { field } from './field.ts';
import { isLimit, messages, mountsUnder, type Story, steps } from './lesson-record.ts';

export const VALUE_NAMES = [
  ...(['dea', 'handle', 'pid', 'put_old', 'gone', 'gone_names', 'sha1', 'app_handle', 'port', 'app'] as const),
  /** The process that makes a container; how many calls its boot takes; how often a DEA limited the app's memory. */
  ...(['starter', 'calls', 'limits'] as const),
  /** Lines of C, as the reader has counted them: not from the record. */
  ...(['c_lines'] as const),
] as const;
export type ValueName = (typeof VALUE_NAMES)[number];

/** The values that texts may name in {}, as far as the record has them. */
export function valuesOf(story: Story): Partial<Record<ValueName, string>> {
  const values: Partial<Record<ValueName, string>> = {};
  const put = (name: ValueName, value: unknown) => {
    if (values[name] === undefined && (typeof value === 'string' || typeof value === 'number') && value !== '')
      values[name] = String(value);
  };
  for (const e of story) {
    if (e.type === 'message') {
      put('dea', /^staging\.(.+)\.start$/.exec(e.name)?.[1]);
      if (e.name === 'POST /v2/apps' && e.phase === 'received') put('app', field(field(e.payload, 'body'), 'name'));
      if (e.name === 'NetInResponse') put('port', field(e.payload, 'host_port'));
    }
    if (e.type === 'step' && e.of === 'boot') {
      put('handle', e.handle);
      // The child's pid is what clone returned.
      if (e.name === 'clone' && e.when === 'after') {
        put('pid', e.result);
        put('starter', e.pid);
      }
      // The second argument of pivot_root, as seen from the new root.
      if (e.name === 'pivot_root') put('put_old', `/${e.args[1] ?? ''}`);
      if (e.name === 'umount_old' && e.when === 'after' && values.gone === undefined) {
        const gone = mountsUnder(story, values.put_old, e);
        put('gone', gone.length || undefined);
        put('gone_names', someOf(gone));
      }
    }
    if (e.type === 'transition') {
      if (e.machine === 'staging-task') put('sha1', e.context.dropletSha1);
      if (e.machine === 'instance') put('app_handle', e.context.handle);
    }
  }
  const boot = steps(story).filter((s) => s.of === 'boot' && s.when === 'after' && s.handle === values.handle);
  const made = values.handle !== undefined || story.some((e) => e.type === 'message' && e.name === 'CreateRequest');
  put('calls', made ? boot.length : undefined);
  const limits = messages(story).filter((m) => isLimit(m) && m.from.startsWith('dea'));
  put('limits', limits.filter((m) => field(m.payload, 'handle') === values.app_handle).length || undefined);
  return values;
}

const NAMED = 5;

/** The first of a long list by name: `/mnt, /mnt/dev, …`. */
function someOf(all: readonly string[]): string {
  return [...all.slice(0, NAMED), ...(all.length > NAMED ? ['…'] : [])].join(', ');
}

/** The container that the story has come to: the one that boots or was booted last. */
export function newestHandle(story: Story): string | undefined {
  const booted = story.findLast((e) => e.type === 'step' && e.of === 'boot');
  return booted?.type === 'step' ? booted.handle : undefined;
}

/** A text with its values; one that the record does not have yet is `…`. */
export function filled(text: string, values: Partial<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '…');
}
