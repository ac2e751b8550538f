// What the Cloud Controller does when DEAs report a crash and the health manager asks: cc: dea_respondent.rb and
// hm9000_respondent.rb. Every request is checked against the database again; it restarts nothing by itself.
import { startRefusal, stopReason } from '../../machines/app-changes.ts';
import type { Trail } from '../lab/types.ts';
import type { AppActors } from './app-actors.ts';
import { CC, type Context } from './context.ts';
import { type DeaClient, say } from './dea-client.ts';
import type { Events } from './events.ts';
import { DROPLET_EXITED, HM_START, HM_STOP } from './replies.ts';
import { factsOf } from './store.ts';

export interface RespondentDeps {
  context: Context;
  deas: DeaClient;
  actors: AppActors;
  events: Events;
}

/** Subscribes; returns how to stop. */
export function startRespondents({ context, deas, actors, events }: RespondentDeps): () => void {
  const { bus, store, lab } = context;
  const note = (text: string, trail: Trail) => {
    lab.rec.record({ type: 'note', actor: CC, text }, trail.cause);
  };

  const listens = [
    // One Cloud Controller of the group handles each crash.
    bus.subscribe('droplet.exited', { queue: 'crash_event_registration', actor: CC }, (json, { trail }) => {
      const { droplet, instance, index, reason, exit_status, exit_description } = DROPLET_EXITED.parse(json);
      const app = store.apps.get(droplet);
      if (!app || reason.toLowerCase() !== 'crashed') return;
      say(
        context,
        app,
        `App instance exited with guid ${droplet} index ${index}: ${exit_description ?? reason}`,
        trail,
      );
      events.crash(app, { instance, index, exit_status, exit_description, reason });
    }),

    bus.subscribe('hm9000.start', { queue: 'cc', actor: CC }, async (json, { trail }) => {
      const ask = HM_START.parse(json);
      const app = store.apps.get(ask.droplet);
      const refusal = startRefusal(app && factsOf(app), ask);
      if (refusal)
        return note(`hm9000.start for ${ask.droplet} index ${ask.instance_index} is not obeyed: ${refusal}`, trail);
      await actors.command(ask.droplet, { type: 'hm.start', index: ask.instance_index }, trail);
    }),

    bus.subscribe('hm9000.stop', { queue: 'cc', actor: CC }, (json, { trail }) => {
      const ask = HM_STOP.parse(json);
      const app = store.apps.get(ask.droplet);
      const reason = stopReason(app && factsOf(app), ask);
      if (!reason) return note(`hm9000.stop for ${ask.instance_guid} is not obeyed: the instance is wanted`, trail);
      deas.stopInstance(ask.droplet, ask.instance_guid, trail);
    }),
  ];
  return () => {
    for (const listen of listens) listen.unsubscribe();
  };
}
