// `wardenscope warden-client SOCKET`: a prompt that speaks the Warden protocol, as the original's `warden` REPL did. Commands and
// their options are read off the messages, so that none can be missing. Works on an original server too.
import { createInterface, type Interface } from 'node:readline';
import type { DescField } from '@bufbuild/protobuf';
import { fromJson, ScalarType, toJson } from '@bufbuild/protobuf';
import { nullLab } from '../lab/lab.ts';
import { connectWarden, type WardenConnection } from './protocol/client.ts';
import { COMMAND_NAMES, COMMANDS, type Command, type RequestInit } from './protocol/messages.ts';
import { splitWords } from './protocol/words.ts';

const USAGE = 'usage: wardenscope warden-client SOCKET [COMMAND [--option value …]]';

/** Runs one command when there is one, else a prompt until its input ends. Returns the exit status. */
export async function main(argv: string[]): Promise<number> {
  const [socket, ...words] = argv;
  if (!socket || socket === '--help') {
    console.log(`${USAGE}\n\n${help()}`);
    return socket ? 0 : 2;
  }
  const lab = nullLab('warden-client');
  let warden: WardenConnection;
  try {
    warden = await connectWarden({ socket, lab, label: 'warden-client', from: 'warden-client', to: 'warden' });
  } catch (e) {
    console.error(`${message(e)}; is the lab running? its nodes' sockets are DATA/nodes/<k>/warden.sock`);
    return 1;
  }
  try {
    return words.length > 0 ? await once(warden, words) : await prompt(warden);
  } finally {
    warden.close();
    await lab.close();
  }
}

/** Exit status: 0 answered, 1 an error of the server, 2 not a command; a linked job's own status where there is one. */
async function once(warden: WardenConnection, words: string[]): Promise<number> {
  const [name = '', ...options] = words;
  if (name === 'help') {
    console.log(help());
    return 0;
  }
  const command = COMMAND_NAMES.find((c) => dashed(c) === name);
  if (!command) {
    console.error(`unknown command ${name}; type help`);
    return 2;
  }
  try {
    return await ask(warden, command, readOptions(command, options));
  } catch (e) {
    console.error(`error: ${message(e)}`);
    return e instanceof UsageError ? 2 : 1;
  }
}

async function prompt(warden: WardenConnection): Promise<number> {
  const terminal = process.stdin.isTTY === true;
  const lines: Interface = createInterface({
    input: process.stdin,
    output: terminal ? process.stdout : undefined,
    prompt: terminal ? 'warden> ' : '',
    completer: complete,
  });
  let gone = false;
  let status = 0;
  warden.onClose(() => {
    gone = true;
    lines.close();
  });
  lines.prompt();
  for await (const line of lines) {
    const words = splitWords(line);
    if (words[0] === 'quit' || words[0] === 'exit') break;
    if (words.length > 0) status = await once(warden, words);
    if (gone) break;
    lines.prompt();
  }
  if (gone) console.error('the server has closed the connection');
  return gone ? 1 : terminal ? 0 : status;
}

async function ask(warden: WardenConnection, command: Command, init: RequestInit<Command>): Promise<number> {
  const trail = { cause: null };
  if (command === 'Stream') {
    const { handle = '', jobId = 0 } = init as RequestInit<'Stream'>;
    const last = await warden.stream(handle, jobId, trail, (name, data) =>
      (name === 'stdout' ? process.stdout : process.stderr).write(data),
    );
    return last.exitStatus;
  }
  const response = await warden.request(command, init as never, trail);
  const json = toJson(COMMANDS[command].response, response as never, { useProtoFieldName: true });
  const { stdout = '', stderr = '', ...rest } = json as Record<string, unknown>;
  process.stdout.write(String(stdout));
  process.stderr.write(String(stderr));
  const text = pretty(rest);
  if (text !== '') console.log(text);
  const result = (json as { exit_status?: number }).exit_status;
  return result ?? 0;
}

class UsageError extends Error {}

/** `--handle h --bind-mounts '{"src_path":…}'`; a flag without a value is true. */
function readOptions(command: Command, words: string[]): RequestInit<Command> {
  const { request } = COMMANDS[command];
  const json: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const field = request.fields.find((f) => `--${f.name.replaceAll('_', '-')}` === word);
    if (!field) throw new UsageError(`unknown option ${word}; ${line(command)}`);
    const flag = field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL;
    const next = words[i + 1];
    const value = flag && (next === undefined || next.startsWith('--')) ? 'true' : words[++i];
    if (value === undefined) throw new UsageError(`${word} needs a value`);
    const read = typedValue(field, value);
    const before = json[field.name];
    json[field.name] = field.fieldKind === 'list' ? [...(Array.isArray(before) ? before : []), read] : read;
  }
  try {
    return fromJson(request, json as never) as RequestInit<Command>;
  } catch (e) {
    throw new UsageError(`${message(e)}; ${line(command)}`);
  }
}

function typedValue(field: DescField, text: string): unknown {
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL) return text === 'true';
  if (field.fieldKind !== 'message' && field.fieldKind !== 'list') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--${field.name.replaceAll('_', '-')} needs JSON`);
  }
}

function help(): string {
  return [...COMMAND_NAMES.map(line), 'help', 'quit'].join('\n');
}

function line(command: Command): string {
  const options = COMMANDS[command].request.fields.map((f) => `--${f.name.replaceAll('_', '-')}`);
  return [dashed(command), ...options].join(' ');
}

function complete(text: string): [string[], string] {
  const words = text.split(/\s+/);
  const last = words.at(-1) ?? '';
  const command = COMMAND_NAMES.find((c) => dashed(c) === words[0]);
  const all =
    words.length < 2 || !command ? [...COMMAND_NAMES.map(dashed), 'help', 'quit'] : line(command).split(' ').slice(1);
  return [all.filter((w) => w.startsWith(last)).map((w) => `${w} `), last];
}

/** `LimitMemory` is typed `limit_memory`, as in the original. */
function dashed(command: Command): string {
  return command.replace(/(?!^)[A-Z]/g, (c) => `_${c}`).toLowerCase();
}

function pretty(value: unknown, indent = ''): string {
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, v]) => {
      if (Array.isArray(v)) return `${indent}${key}: ${v.map((item) => pretty(item)).join(', ')}`;
      return v !== null && typeof v === 'object'
        ? `${indent}${key}:\n${pretty(v, `${indent}  `)}`
        : `${indent}${key}: ${v}`;
    })
    .join('\n');
}

function message(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
