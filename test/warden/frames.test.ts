// Framing and the two layers of messages of the Warden protocol, with hand-made bytes.
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameError, Frames } from '../../server/warden/protocol/frames.ts';
import { decodeRequest, decodeResponse, encodeError, encodeRequest } from '../../server/warden/protocol/messages.ts';

const PING = Buffer.from('4\r\n\x08\x5b\x12\x00\r\n', 'latin1');

describe('frames', () => {
  it('encodes a Ping to the bytes that the original sends', () => {
    expect(encodeRequest('Ping', {}).frame).toEqual(PING);
  });

  it('finds the frames however the bytes are cut', () => {
    const bytes = Buffer.concat([PING, encodeFrame(Buffer.alloc(5000, 7)), PING]);
    for (const size of [1, 2, 3, 7, 4999, bytes.length]) {
      const frames = new Frames();
      const got: Buffer[] = [];
      for (let i = 0; i < bytes.length; i += size) got.push(...frames.push(bytes.subarray(i, i + size)));
      expect(got.map((f) => f.length)).toEqual([4, 5000, 4]);
    }
  });

  it.each([
    ['a length that is no number', 'abc\r\n'],
    ['no length at all', 'x'.repeat(40)],
    ['a payload without its end of line', '1\r\nabc'],
    ['a length over the limit', '101\r\n'],
    ['a negative length', '-1\r\n'],
  ])('refuses %s', (_, text) => {
    expect(() => new Frames(100).push(Buffer.from(text))).toThrow(FrameError);
  });

  it('reads a Create with bind mounts made by hand', () => {
    const mount = Buffer.from('\x0a\x02/a\x12\x02/b\x18\x01', 'latin1');
    const inner = Buffer.concat([Buffer.from([0x0a, mount.length]), mount, Buffer.from('\x1a\x03abc', 'latin1')]);
    const { command, json } = decodeRequest(Buffer.concat([Buffer.from([0x08, 11, 0x12, inner.length]), inner]));
    expect(command).toBe('Create');
    expect(json).toEqual({ bind_mounts: [{ src_path: '/a', dst_path: '/b', mode: 'RW' }], handle: 'abc' });
  });

  it('refuses a request of an unknown type and one without a required field', () => {
    expect(() => decodeRequest(Buffer.from([0x08, 99, 0x12, 0]))).toThrow('type is missing');
    expect(() => decodeRequest(Buffer.from([0x12, 0]))).toThrow('type is missing');
    expect(() => decodeRequest(Buffer.from([0x08, 14, 0x12, 0]))).toThrow('handle is missing');
  });

  it('gives an ErrorResponse back as an error with the server’s text', () => {
    const [payload] = new Frames().push(encodeError('unknown handle').frame);
    expect(decodeResponse('Info', payload!)).toMatchObject({
      name: 'ErrorResponse',
      error: { message: 'unknown handle' },
    });
  });
});
