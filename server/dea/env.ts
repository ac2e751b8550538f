// The environment of a staging task and of an instance, as export statements of a shell script (dea_ng: env.rb,
// reference 3.3 and 3.4). Pure. Values are subject to the shell's expansion, as in the original: that is a behaviour, not a bug.
import type { StagingMessage, StartMessage } from './messages.ts';

/** Name and value, in the order in which they are exported. */
export type Variables = [string, string][];

type Service = StartMessage['services'][number];

const SERVICE_KEYS = ['name', 'label', 'tags', 'plan', 'plan_option', 'credentials', 'syslog_drain_url'];

/** Double quotes around each value and only `"` escaped, so that `$X` and backticks still mean something. */
export function exports(variables: Variables): string {
  return variables.map(([name, value]) => `export ${name}="${value.replaceAll('"', '\\"')}";\n`).join('');
}

/** `K=V` texts of a message; one without `=` exports an empty value. */
export function userVariables(env: readonly string[]): Variables {
  return env.map((text) => {
    const at = text.indexOf('=');
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  });
}

export interface Running {
  instanceId: string;
  index: number;
  port: number;
  /** When STARTING began. */
  startedAt: Date;
}

/** What the DEA exports before an instance's own variables (reference 3.3). */
export function instanceVariables(message: StartMessage, running: Running): Variables {
  const startedAt = `${running.startedAt.toISOString().slice(0, 19).replace('T', ' ')} +0000`;
  const seconds = Math.floor(running.startedAt.getTime() / 1000);
  const application = {
    ...message.vcap_application,
    application_id: message.droplet,
    instance_id: running.instanceId,
    instance_index: running.index,
    host: '0.0.0.0',
    port: running.port,
    started_at: startedAt,
    started_at_timestamp: seconds,
    start: startedAt,
    state_timestamp: seconds,
  };
  return [
    ['VCAP_APPLICATION', JSON.stringify(application)],
    ['VCAP_SERVICES', JSON.stringify(vcapServices(message.services))],
    ['MEMORY_LIMIT', `${message.limits.mem}m`],
    ...databaseUrl(message.services),
    ['HOME', '$PWD/app'],
    ['TMPDIR', '$PWD/tmp'],
    ['VCAP_APP_HOST', '0.0.0.0'],
    ['VCAP_APP_PORT', String(running.port)],
    ['PORT', '$VCAP_APP_PORT'],
  ];
}

/** What a buildpack finds in its environment (reference 3.4): the app's limits, no PORT, HOME as wshd sets it. */
export function stagingVariables(message: StagingMessage, stagingSeconds: number): Variables {
  const services = message.properties.services;
  return [
    ['VCAP_APPLICATION', JSON.stringify(message.start_message.vcap_application)],
    ['VCAP_SERVICES', JSON.stringify(vcapServices(services))],
    ['MEMORY_LIMIT', `${message.properties.resources.memory}m`],
    ...databaseUrl(services),
    ['STAGING_TIMEOUT', String(stagingSeconds)],
    ...userVariables(message.start_message.env),
  ];
}

function vcapServices(services: readonly Service[]): Record<string, unknown[]> {
  const byLabel: Record<string, unknown[]> = {};
  for (const service of services) {
    byLabel[service.label] ??= [];
    byLabel[service.label]?.push(Object.fromEntries(Object.entries(service).filter(([k]) => SERVICE_KEYS.includes(k))));
  }
  return byLabel;
}

const SCHEMES: Record<string, string> = {
  mysql: 'mysql2',
  mysql2: 'mysql2',
  postgres: 'postgres',
  postgresql: 'postgres',
  db2: 'ibmdb',
  informix: 'ibmdb',
};

/** Set whenever a service is bound: the first database's URI with its adapter as scheme, empty if none is one. */
function databaseUrl(services: readonly Service[]): Variables {
  if (services.length === 0) return [];
  for (const service of services) {
    const uri = String(service.credentials.uri ?? '');
    const scheme = SCHEMES[uri.slice(0, uri.indexOf(':'))];
    if (scheme) return [['DATABASE_URL', scheme + uri.slice(uri.indexOf(':'))]];
  }
  return [['DATABASE_URL', '']];
}
