// What a request handler gets and the checks that all of them share (warden: base.rb before_x, check_state_in).
import { containerState } from '../../../machines/container.ts';
import { type Command, type Request, type ResponseInit, WardenError } from '../protocol/messages.ts';
import type { Container, Trail, Warden } from '../warden.ts';

export interface Call<C extends Command> {
  warden: Warden;
  request: Request<C>;
  trail: Trail;
  /** Sends one more answer before the last (Stream). */
  chunk: (response: ResponseInit<C>) => void;
  /** Ties this connection to a container, for its grace time. */
  touch: (c: Container) => void;
}

export type Handler<C extends Command> = (call: Call<C>) => Promise<ResponseInit<C>>;

/** The container that a request names. Throws `unknown handle`. */
export function named<C extends Command>({ warden, request, touch }: Call<C>): Container {
  const handle = 'handle' in request ? String(request.handle) : '';
  const c = warden.containers.get(handle);
  if (!c) throw new WardenError('unknown handle');
  touch(c);
  return c;
}

/** Throws the original's words when the container is in none of these states. */
export function checkState(c: Container, ...allowed: ReturnType<typeof containerState>[]): void {
  const state = containerState(c.machine.snapshot().value);
  if (allowed.includes(state)) return;
  throw new WardenError(`Container state must be one of '${allowed.join(', ')}', current state is '${state}'`);
}
