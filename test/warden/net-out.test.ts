// NetOut requests as firewall matches. Pure.
import { create, isFieldSet, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { netOutMatch, netOutRule } from '../../server/warden/network/net-out.ts';
import { NetOutRequestSchema, NetOutRequest_Protocol as P } from '../../server/warden/protocol/gen/warden_pb.ts';

function match(init: MessageInitShape<typeof NetOutRequestSchema>): string {
  const request = create(NetOutRequestSchema, { handle: 'h', ...init });
  return netOutMatch(netOutRule(request, (f) => isFieldSet(request, NetOutRequestSchema.field[f])));
}

describe('NetOut', () => {
  it.each([
    [{ network: '10.0.0.0/8', port: 80 }, 'ip daddr 10.0.0.0/8 tcp dport 80'],
    [{ port: 53, protocol: P.UDP }, 'udp dport 53'],
    [{ network: '1.2.3.4-1.2.3.9', portRange: '80:90' }, 'ip daddr 1.2.3.4-1.2.3.9 tcp dport 80-90'],
    [{ network: '1.2.3.4' }, 'ip daddr 1.2.3.4 ip protocol tcp'],
    [{ network: '1.2.3.4', protocol: P.ALL }, 'ip daddr 1.2.3.4'],
    [
      { network: '1.2.3.4', protocol: P.ICMP, icmpType: 8, icmpCode: -1 },
      'ip daddr 1.2.3.4 ip protocol icmp icmp type 8',
    ],
  ])('%j is %s', (init, expected) => {
    expect(match(init)).toBe(expected);
  });

  it.each([
    [{}, 'Please specify network and/or port.'],
    [{ portRange: '90:80' }, 'Port range is invalid'],
    [{ portRange: '80' }, 'Port range is invalid'],
    [{ network: '0.0.0.0/0 accept; flush ruleset' }, 'network is not valid'],
  ])('%j is refused: %s', (init, expected) => {
    expect(() => match(init)).toThrow(expected);
  });
});
