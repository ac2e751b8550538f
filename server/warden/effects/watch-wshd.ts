// Notices that PID 1 has ended without our doing. The original never did: its jobs just ended with 255.
import type { Trail } from '../../lab/types.ts';
import type { Container } from '../warden.ts';

export interface WshdWatch {
  c: Container;
  trail: Trail;
  send: (event: { type: 'wshd.gone' }, trail: Trail) => Promise<void>;
}

/** Adoptable: begins anew with the next life. Listens until it is stopped. */
export function watchWshd({ c, trail, send }: WshdWatch): () => void {
  let stopped = false;
  const gone = () => {
    if (stopped || c.leaving) return;
    c.events.push('wshd has ended');
    void send({ type: 'wshd.gone' }, { ...trail });
  };
  if (c.wshd) c.wshd.onClose(gone);
  else gone();
  return () => {
    stopped = true;
  };
}
