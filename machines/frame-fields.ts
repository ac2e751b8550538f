// A Warden frame taken apart byte by byte: text length, envelope, message, each field with the bytes that it is made of.
// It reads what was recorded, which may be cut after 4 KiB, and says what it cannot read; it never throws.
import { ENUMS, MESSAGES } from './frame-fields-schema.ts';

/** Half-open, in bytes of the frame as recorded. */
export interface Span {
  start: number;
  end: number;
}

/** How a value is laid out (protobuf encoding: wire types 0, 1, 2, 5). */
export type Wire = 'varint' | '64-bit' | 'length' | '32-bit';

export interface FieldPart extends Span {
  /** Path of positions, unique in the frame: `1.0`. */
  id: string;
  /** `head`: the length as text. `tail`: the line end. `rest`: what cannot be read as a field. */
  kind: 'head' | 'field' | 'tail' | 'rest';
  name: string;
  /** Field number; absent on head, tail and rest. */
  number?: number;
  wire?: Wire;
  /** As in warden.proto; `unknown` for a number that is not in it. */
  type: string;
  /** Number and wire type in one varint; then, of a length-delimited field, its length. */
  tag?: Span;
  length?: Span;
  value: Span;
  /** The value as people read it; a message says the message's name. */
  text: string;
  /** Not all of its bytes were recorded. */
  cut: boolean;
  children: FieldPart[];
}

export interface Frame {
  bytes: Uint8Array;
  parts: FieldPart[];
  /** What was recorded ends before the frame does. */
  cut: boolean;
  /** A receiver records the message without the text around it. */
  bare: boolean;
}

/**
 * Reads a recorded Warden frame (warden: protocol/buffer.rb). @param hex the frame, or the message inside it
 * @param message what the envelope's payload is: `CreateRequest`, as the entry is called
 */
export function frameOf(hex: string, message: string): Frame {
  const bytes = bytesOf(hex);
  const head = headOf(bytes);
  const from = head?.end ?? 0;
  const until = head ? from + Number(ascii(bytes, { start: 0, end: head.end - 2 })) : bytes.length;
  const envelope = fieldsOf({ bytes, inner: message }, 'Message', { start: from, end: until }, '');
  const parts = head ? [head, ...renumbered(envelope, 1)] : envelope;
  if (head && bytes.length > until) {
    const span = { start: until, end: bytes.length };
    parts.push(plain(String(parts.length), 'tail', 'end', span, '\\r\\n'));
  }
  return { bytes, parts, cut: bytes.length < until + (head ? 2 : 0), bare: !head };
}

/** The innermost part at this byte; undefined outside. */
export function partAt(parts: readonly FieldPart[], at: number): FieldPart | undefined {
  const here = parts.find((part) => part.start <= at && at < part.end);
  return here && (partAt(here.children, at) ?? here);
}

/** All parts, each before its children: the order of a tree's lines. */
export function flatParts(parts: readonly FieldPart[]): FieldPart[] {
  return parts.flatMap((part) => [part, ...flatParts(part.children)]);
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

interface Context {
  bytes: Uint8Array;
  /** What the bytes `payload` of the envelope are. */
  inner: string;
}

/** `23\r\n`: the length of the message in decimal digits. A message itself begins with 0x08. */
function headOf(bytes: Uint8Array): FieldPart | undefined {
  const line = /^(\d{1,12})\r\n/.exec(ascii(bytes, { start: 0, end: Math.min(bytes.length, 14) }));
  if (!line) return undefined;
  return plain('0', 'head', 'length', { start: 0, end: line[0].length }, `${line[1]} bytes`);
}

function plain(id: string, kind: FieldPart['kind'], name: string, span: Span, text: string): FieldPart {
  return { id, kind, name, type: 'text', ...span, value: span, text, cut: false, children: [] };
}

function fieldsOf(context: Context, message: string, span: Span, under: string): FieldPart[] {
  const end = Math.min(span.end, context.bytes.length);
  const parts: FieldPart[] = [];
  for (let at = span.start; at < end; ) {
    const id = under === '' ? String(parts.length) : `${under}.${parts.length}`;
    const part = fieldAt(context, message, { start: at, end }, id) ?? rest(context, { start: at, end }, id);
    parts.push(part);
    at = part.end;
  }
  return parts;
}

const WIRES: Partial<Record<number, Wire>> = { 0: 'varint', 1: '64-bit', 2: 'length', 5: '32-bit' };

/** One field; undefined where the bytes are none. */
function fieldAt(context: Context, message: string, span: Span, id: string): FieldPart | undefined {
  const { bytes } = context;
  const tag = varint(bytes, span.start, span.end);
  if (!tag) return undefined;
  const number = Number(tag.value >> 3n);
  const wire = WIRES[Number(tag.value & 7n)];
  if (wire === undefined || number === 0) return undefined;
  const [name, declared] = MESSAGES[message]?.[number] ?? [`field ${number}`, 'unknown'];
  const base = { id, kind: 'field' as const, name, number, wire, start: span.start, tag: spanOf(span.start, tag.end) };
  if (wire === 'varint') {
    const value = varint(bytes, tag.end, span.end);
    if (!value) return undefined;
    const text = scalarText(declared, value.value);
    return {
      ...base,
      type: declared,
      end: value.end,
      value: spanOf(tag.end, value.end),
      text,
      cut: false,
      children: [],
    };
  }
  if (wire !== 'length') {
    const end = tag.end + (wire === '64-bit' ? 8 : 4);
    if (end > span.end) return undefined;
    const value = spanOf(tag.end, end);
    return { ...base, type: declared, end, value, text: hexText(bytes, value), cut: false, children: [] };
  }
  const length = varint(bytes, tag.end, span.end);
  if (!length) return undefined;
  const whole = length.end + Number(length.value);
  const value = spanOf(length.end, Math.min(whole, span.end));
  const type = message === 'Message' && number === 2 ? context.inner : declared;
  const children = type in MESSAGES ? fieldsOf(context, type, value, id) : [];
  const text = type in MESSAGES ? `${type}, ${whole - length.end} bytes` : bytesText(bytes, value, type);
  const cut = whole > span.end;
  return { ...base, type, length: spanOf(tag.end, length.end), end: value.end, value, text, cut, children };
}

function rest({ bytes }: Context, span: Span, id: string): FieldPart {
  return { ...plain(id, 'rest', 'not read', span, hexText(bytes, span)), type: 'unknown', cut: true };
}

function varint(bytes: Uint8Array, from: number, until: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let at = from; at < until && at < from + 10; at++) {
    const byte = bytes[at] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - from));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

function scalarText(type: string, value: bigint): string {
  if (type === 'bool') return value === 0n ? 'false' : 'true';
  if (type === 'int32') return String(BigInt.asIntN(32, value));
  const names = ENUMS[type];
  return names ? `${names[Number(value)] ?? 'unknown'} (${value})` : String(value);
}

function bytesText(bytes: Uint8Array, span: Span, type: string): string {
  if (type !== 'string') return hexText(bytes, span);
  return JSON.stringify(new TextDecoder().decode(bytes.subarray(span.start, span.end)));
}

function hexText(bytes: Uint8Array, { start, end }: Span): string {
  return [...bytes.subarray(start, end)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
}

function ascii(bytes: Uint8Array, { start, end }: Span): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function spanOf(start: number, end: number): Span {
  return { start, end };
}

/** The head comes first: positions of what follows it move on by one. */
function renumbered(parts: FieldPart[], by: number): FieldPart[] {
  const moved = (part: FieldPart): FieldPart => {
    const [first = '0', ...others] = part.id.split('.');
    const id = [String(Number(first) + by), ...others].join('.');
    return { ...part, id, children: part.children.map(moved) };
  };
  return parts.map(moved);
}
