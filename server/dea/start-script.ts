// The script that an instance's job runs, and the one that runs a buildpack (dea_ng: startup_script_generator.rb,
// staging_task.rb; reference 3.5, 1.7 S7). Pure text; the job's exit status is the status of what was started last.
import { exports, type Variables } from './env.ts';
import { STAGING_LOG } from './layout.ts';

/** Runs in /home/vcap as vcap. User variables come last, so they win over `.profile.d`. */
export function startScript(command: string, system: Variables, user: Variables): string {
  return `umask 077
${exports(system)}unset GEM_PATH
if [ -d app/.profile.d ]; then
  for script in app/.profile.d/*.sh; do
    if [ -r "$script" ]; then . "$script"; fi
  done
  unset script
fi
${exports(user)}env > logs/env.log
DROPLET_BASE_DIR=$PWD
cd app
(
${command}
) > >(tee "$DROPLET_BASE_DIR/logs/stdout.log") 2> >(tee "$DROPLET_BASE_DIR/logs/stderr.log" >&2) &
STARTED=$!
echo "$STARTED" >> "$DROPLET_BASE_DIR/run.pid"
wait "$STARTED"
`;
}

/** An app that was packed before there was a staging_info.yml: it brings its own ./startup. */
export function legacyStartScript(system: Variables, user: Variables): string {
  return `umask 077\n${exports(system)}${exports(user)}./startup\n`;
}

/** @param gates folder of the line reports inside the container, or undefined to run without */
export function stagingScript(variables: Variables, runner: string, config: string, gates?: string): string {
  const reports = gates ? `WARDENSCOPE_GATES=${gates} ` : '';
  return `set -o pipefail
${exports(variables)}${reports}${runner} ${config} 2> >(tee -a ${STAGING_LOG} >&2) | tee -a ${STAGING_LOG}
`;
}
