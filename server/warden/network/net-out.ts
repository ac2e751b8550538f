// Turns a NetOut request into the match of one firewall rule (warden: features/net.rb, net.sh out). Pure.
import { NetOutRequest_Protocol as Protocol } from '../protocol/gen/warden_pb.ts';
import { WardenError } from '../protocol/messages.ts';

/** What the snapshot keeps of a NetOut, and what the rule is made from. */
export interface NetOutRule {
  network?: string;
  port?: number;
  portRange?: string;
  protocol: 'tcp' | 'udp' | 'icmp' | 'all';
  icmpType?: number;
  icmpCode?: number;
}

interface NetOutFields {
  network: string;
  port: number;
  portRange: string;
  protocol: Protocol;
  icmpType: number;
  icmpCode: number;
}

const NAMES = { [Protocol.TCP]: 'tcp', [Protocol.UDP]: 'udp', [Protocol.ICMP]: 'icmp', [Protocol.ALL]: 'all' } as const;

/** @param has which optional fields were on the wire. Throws WardenError where the original does. */
export function netOutRule(request: NetOutFields, has: (field: keyof NetOutFields) => boolean): NetOutRule {
  const rule: NetOutRule = { protocol: NAMES[request.protocol] };
  if (has('network') && request.network !== '') rule.network = address(request.network);
  if (has('port')) rule.port = request.port;
  if (has('portRange') && request.portRange !== '') rule.portRange = range(request.portRange);
  if (rule.network === undefined && rule.port === undefined && rule.portRange === undefined) {
    throw new WardenError('Please specify network and/or port.');
  }
  if (has('icmpType') && request.icmpType >= 0) rule.icmpType = request.icmpType;
  if (has('icmpCode') && request.icmpCode >= 0) rule.icmpCode = request.icmpCode;
  return rule;
}

/** The rule's match in nft's words. */
export function netOutMatch(rule: NetOutRule): string {
  const parts: string[] = [];
  if (rule.network !== undefined) parts.push(`ip daddr ${rule.network}`);
  const ports = rule.portRange?.replace(':', '-') ?? rule.port;
  if (rule.protocol === 'icmp') {
    parts.push('ip protocol icmp');
    if (rule.icmpType !== undefined) parts.push(`icmp type ${rule.icmpType}`);
    if (rule.icmpCode !== undefined) parts.push(`icmp code ${rule.icmpCode}`);
  } else if (rule.protocol !== 'all') {
    parts.push(ports === undefined ? `ip protocol ${rule.protocol}` : `${rule.protocol} dport ${ports}`);
  } else if (ports !== undefined) {
    parts.push(`meta l4proto { tcp, udp } th dport ${ports}`);
  }
  return parts.join(' ');
}

/** Text for nft must be nothing but an address, a network or a range: it becomes part of a program. */
function address(text: string): string {
  const ip = '\\d{1,3}(\\.\\d{1,3}){3}';
  if (!new RegExp(`^(${ip}(/\\d{1,2})?|${ip}-${ip})$`).test(text))
    throw new WardenError(`network is not valid: ${text}`);
  return text;
}

function range(text: string): string {
  const [from, to] = text.split(':').map(Number);
  if (!/^\d{1,5}:\d{1,5}$/.test(text) || from! >= to! || to! > 65535) {
    throw new WardenError('Port range is invalid; it must be from:to with from < to.');
  }
  return text;
}
