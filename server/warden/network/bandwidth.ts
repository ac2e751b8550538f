// LimitBandwidth on the host's end of a container's link (warden: net_rate.sh): a token bucket for what goes in. What comes out
// is policed by the firewall.
import { run } from './command.ts';

export interface Bandwidth {
  /** Bytes a second, bytes. */
  rate: bigint;
  burst: bigint;
}

const LATENCY = '25ms';

/** Idempotent: replaces what was set before. */
export async function limitIncoming(link: string, { rate, burst }: Bandwidth): Promise<void> {
  const bucket = ['tbf', 'rate', `${rate * 8n}bit`, 'burst', `${burst}`, 'latency', LATENCY];
  await run('tc', ['qdisc', 'replace', 'dev', link, 'root', ...bucket]);
}
