// Reads and writes the few YAML forms that the DEA and its buildpack runner exchange: staging_info.yml and the runner's
// assignments. Pure; not a YAML parser: values are JSON scalars, which are YAML too.
import type { StagingError } from '../../machines/staging-task.ts';

export interface StagingInfoFile {
  buildpackPath: string | null;
  detectedBuildpack: string | null;
  startCommand: string | null;
  error: StagingError | null;
}

/** Throws nothing: what is not there is null. */
export function parseStagingInfo(text: string): StagingInfoFile {
  const values: Record<string, string | null> = {};
  let parent = '';
  for (const line of text.split('\n')) {
    const match = /^(\s*)([a-z_]+):(?:\s+(.*))?$/.exec(line);
    if (!match) continue;
    const [, indent, key, value] = match;
    if (!indent) parent = '';
    if (value === undefined) parent = `${key}.`;
    else values[`${parent}${key}`] = scalar(value);
  }
  const type = values['staging_error.type'];
  return {
    buildpackPath: values.buildpack_path ?? null,
    detectedBuildpack: values.detected_buildpack ?? null,
    startCommand: values.start_command ?? null,
    error: type ? { type, message: values['staging_error.message'] ?? type } : null,
  };
}

/** The runner's plugin_config: bash assignments, each value in single quotes, lists as arrays. */
export function pluginConfig(values: Record<string, string | readonly string[]>): string {
  return Object.entries(values)
    .map(
      ([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : `(${value.map(quoted).join(' ')})`}\n`,
    )
    .join('');
}

/** A word of a shell script that means exactly this text. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function scalar(value: string): string | null {
  const trimmed = value.trim();
  if (trimmed === 'null' || trimmed === '~' || trimmed === '') return null;
  if (!trimmed.startsWith('"')) return trimmed;
  try {
    return String(JSON.parse(trimmed));
  } catch {
    return trimmed;
  }
}
