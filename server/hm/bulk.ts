// Desired state from the Cloud Controller's bulk API, page by page (hm9000: desiredstatefetcher).
import { z } from 'zod';
import type { Desired } from '../../machines/health-analysis.ts';
import { labRequest } from '../lab/http.ts';
import type { Lab, Trail } from '../lab/types.ts';

export interface BulkOptions {
  lab: Lab;
  /** Base of the Cloud Controller as seen from here. */
  url: string;
  /** The Host header, where the url is an address. */
  host?: string;
  user: string;
  password: string;
  /** Apps a page (500). */
  batch?: number;
}

const NETWORK_TIMEOUT_MS = 10_000;

const Page = z.object({
  results: z.record(
    z.string(),
    z.object({ version: z.string(), instances: z.number().int(), state: z.string(), package_state: z.string() }),
  ),
  bulk_token: z.unknown(),
});

/**
 * Returns a function that reads all apps. It rejects `[hm] could not fetch desired state: <cause>`, and then nothing of
 * it may be used: half a desired state would stop the other half.
 */
export function bulkFetcher({
  lab,
  url,
  host,
  user,
  password,
  batch = 500,
}: BulkOptions): (trail: Trail) => Promise<Desired[]> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return async (trail) => {
    const all: Desired[] = [];
    let token: unknown = {};
    for (;;) {
      const query = new URLSearchParams({ batch_size: String(batch), bulk_token: JSON.stringify(token) });
      const answer = await labRequest(lab, {
        method: 'GET',
        url: `${url}/bulk/apps?${query}`,
        ...(host ? { host } : {}),
        headers: { authorization },
        from: 'hm',
        to: 'cc',
        trail,
        timeoutMs: NETWORK_TIMEOUT_MS,
        background: true,
      });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`[hm] could not fetch desired state: status ${answer.status}`);
      const page = Page.parse(JSON.parse(text));
      const apps = Object.entries(page.results).map(([droplet, app]) => ({ droplet, ...app }));
      if (apps.length === 0) return all;
      all.push(...apps);
      token = page.bulk_token;
    }
  };
}
