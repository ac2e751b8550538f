// Frames taken apart: against the real encoder, and against the frames that a real lab has recorded.
import { create, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type FieldPart, flatParts, frameOf, partAt } from '../../machines/frame-fields.ts';
import { ENUMS, MESSAGES } from '../../machines/frame-fields-schema.ts';
import * as pb from '../../server/warden/protocol/gen/warden_pb.ts';
import { encodeRequest, encodeResponse } from '../../server/warden/protocol/messages.ts';
import { recordedPushes } from '../web/recorded.ts';

const named = (parts: readonly FieldPart[], name: string) => flatParts(parts).find((p) => p.name === name);

describe('the fields of a Warden frame', { timeout: 60_000 }, () => {
  it('are those of warden.proto, by number, name and type', () => {
    const schemas = pb.file_warden.messages.flatMap(function deep(m: DescMessage): DescMessage[] {
      return [m, ...m.nestedMessages.flatMap(deep)];
    });
    const said = schemas.map((m) => {
      const fields = m.fields.map((f) => {
        const type = f.message ?? f.enum;
        const name = type ? type.typeName.replace(/^warden\./, '') : SCALARS[f.scalar ?? 0];
        return [f.number, [f.name, name]];
      });
      return [m.typeName.replace(/^warden\./, ''), Object.fromEntries(fields)];
    });
    expect(MESSAGES).toEqual(Object.fromEntries(said));
    const enums = [...pb.file_warden.enums, ...schemas.flatMap((m) => m.nestedEnums)];
    for (const e of enums) {
      const values = Object.fromEntries(e.values.map((v) => [v.number, v.name]));
      expect(ENUMS[e.typeName.replace(/^warden\./, '')]).toEqual(values);
    }
  });

  it('say what was put in, and where its bytes are', () => {
    const { frame } = encodeRequest('Spawn', { handle: '17kabc', script: 'echo é', rlimits: { nofile: 16384n } });
    const { parts, bytes, cut, bare } = frameOf(frame.toString('hex'), 'SpawnRequest');
    expect({ cut, bare }).toEqual({ cut: false, bare: false });
    expect(parts.map((p) => p.name)).toEqual(['length', 'type', 'payload', 'end']);
    expect(named(parts, 'type')?.text).toBe('Spawn (21)');
    expect(named(parts, 'script')?.text).toBe('"echo é"');
    expect(named(parts, 'nofile')?.text).toBe('16384');
    const script = named(parts, 'script');
    const value = bytes.subarray(script?.value.start, script?.value.end);
    expect(new TextDecoder().decode(value)).toBe('echo é');
    expect(script).toMatchObject({ number: 2, wire: 'length', type: 'string' });
  });

  it('cover each byte once: a byte has one innermost field, and its field has the byte', () => {
    const { frame } = encodeResponse('Info', { state: 'active', jobIds: [1n, 300n], memoryStat: { rss: 1n << 40n } });
    const { parts, bytes } = frameOf(frame.toString('hex'), 'InfoResponse');
    for (let at = 0; at < bytes.length; at++) {
      const part = partAt(parts, at);
      expect(part && part.start <= at && at < part.end).toBe(true);
    }
    expect(partAt(parts, bytes.length)).toBeUndefined();
    expect(named(parts, 'rss')?.text).toBe(String(1n << 40n));
    expect(new Set(flatParts(parts).map((p) => p.id)).size).toBe(flatParts(parts).length);
  });

  it('keep a field that no schema knows', () => {
    const outer = toBinary(
      pb.MessageSchema,
      create(pb.MessageSchema, { type: 92, payload: Uint8Array.of(0x7a, 1, 65) }),
    );
    const { parts, bare } = frameOf(Buffer.from(outer).toString('hex'), 'ListRequest');
    expect(bare).toBe(true);
    expect(named(parts, 'field 15')).toMatchObject({ type: 'unknown', text: '41' });
  });

  it('never throw on a record that was cut or is no frame at all', () => {
    const { frame } = encodeRequest('Run', { handle: 'h', script: 'x'.repeat(300) });
    for (let length = 0; length < frame.length; length++) {
      const { parts, bytes, cut } = frameOf(frame.subarray(0, length).toString('hex'), 'RunRequest');
      // Cut inside the line that says the length it cannot be known for a frame.
      if (length > 5) expect(cut || parts.some((p) => p.cut)).toBe(true);
      for (let at = 0; at < bytes.length; at++) expect(partAt(parts, at)).toBeDefined();
    }
    for (const hex of ['', 'ff', 'ffffffffffffffffffffffff', '0a', '0000']) {
      expect(() => frameOf(hex, 'CreateRequest')).not.toThrow();
    }
  });

  it('are all read in every frame of a recorded push, and agree with what the decoder of the server said', () => {
    let seen = 0;
    for (const e of recordedPushes()) {
      if (e.type !== 'message' || e.transport !== 'warden' || e.hex === undefined || e.hex.length >= 8192) continue;
      const { parts, cut } = frameOf(e.hex, e.name);
      expect([e.seq, cut, flatParts(parts).some((p) => p.kind === 'rest' || p.type === 'unknown')]).toEqual([
        e.seq,
        false,
        false,
      ]);
      for (const [key, value] of Object.entries(typeof e.payload === 'object' && e.payload !== null ? e.payload : {})) {
        if (typeof value === 'string' && !value.includes('*'))
          expect(named(parts, key)?.text).toContain(value.length > 200 ? '' : JSON.stringify(value).slice(1, -1));
      }
      seen += 1;
    }
    expect(seen).toBeGreaterThan(100);
    expect(fromBinary(pb.MessageSchema, Uint8Array.of(8, 92, 18, 0)).type).toBe(92);
  });
});

/** Protobuf's own numbers of the scalar types that warden.proto uses. */
const SCALARS: Partial<Record<number, string>> = {
  4: 'uint64',
  5: 'int32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
};
