// What a user asks of `npm start`: flags, each with an environment variable; a flag wins. Pure: looks at nothing but
// its arguments. Whether it can be done is decided in plan.ts.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

/** Every flag: what it means, what it is without being said, an example of its value. */
export const FLAGS = {
  port: { value: '8080', says: 'port of the page, the API and the apps; 0 takes a free one' },
  listen: { value: '127.0.0.1', says: 'address to listen on; anything wider than loopback needs a token and says it' },
  data: { value: '.wardenscope', says: 'data folder of the lab, made when missing' },
  deas: { value: '2', says: 'number of nodes (a dea and a warden each) at the start, 1 to 16' },
  nats: {
    value: '',
    says: 'URL of a nats-server to use instead of the embedded broker (nats://user:password@host:4222)',
  },
  domain: { value: 'localhost', says: 'the shared domain: an app is reached at http://NAME.DOMAIN:PORT/' },
  tier: { value: 'auto', says: 'auto, full, rootless or insecure: how real containers are' },
  stack: {
    value: '',
    says: 'root file system of apps that ask for no other, a folder or a tar archive; lucid64 stays the host',
  },
} as const;

const Options = z.object({
  port: z.coerce.number('a number').int().min(0).max(65535),
  listen: z.union([z.ipv4(), z.ipv6(), z.literal('localhost')]),
  data: z.string().min(1),
  deas: z.coerce.number('a number').int().min(1).max(16),
  nats: z.string().regex(/^$|^nats:\/\//, 'a URL that begins with nats://'),
  domain: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'a domain name'),
  tier: z.enum(['auto', 'full', 'rootless', 'insecure']),
  stack: z.string(),
  linkJitter: z.coerce.number().min(0),
  gatesDisabled: z.stringbool(),
});

export type Options = z.infer<typeof Options>;

/** Reads flags and environment. Throws a Refusal of one sentence for what it does not understand. */
export function readOptions(argv: string[], env: NodeJS.ProcessEnv): Options {
  const said: Record<string, string> = {
    linkJitter: env.WARDENSCOPE_LINK_JITTER ?? '0',
    gatesDisabled: env.WARDENSCOPE_GATES_DISABLED || 'false',
  };
  const flags = readFlags(argv);
  for (const [name, { value }] of Object.entries(FLAGS))
    said[name] = flags[name] ?? env[`WARDENSCOPE_${name.toUpperCase()}`] ?? value;
  const parsed = Options.safeParse(said);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  throw new Refusal(`--${name} ${said[name]} is not possible: ${issue?.message}.`);
}

/** The table for `--help`. */
export function helpForFlags(): string {
  return Object.entries(FLAGS)
    .map(([name, { value, says }]) => {
      const flag = `--${name} ${value || 'VALUE'}`.padEnd(24);
      return `  ${flag} ${`WARDENSCOPE_${name.toUpperCase()}`.padEnd(20)} ${says}`;
    })
    .join('\n');
}

function readFlags(argv: string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: argv, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [first] = error instanceof Error ? error.message.split('. ') : [String(error)];
    throw new Refusal(`${first}; npm start -- --help lists the flags.`);
  }
}
