// Points at what a text speaks of: moves the page's camera once for each look, and puts the light on the part.
import type { Look } from '../../machines/lesson.ts';
import type { PageActions } from '../panel.ts';
import { createLight } from './light.ts';
import { LOOKS_AT } from './looks.ts';

/** What is spoken of. */
export interface Spoken {
  /** Whose look this is: a new one takes the light from the one before. */
  id: string;
  look: Look | undefined;
  /** What is said is there to be seen. */
  told: boolean;
  /** The camera is somebody else's: only the light follows. */
  still?: boolean;
  /** What has to stay hidden for now, also while the rest is waited for. */
  cover: { look: Look; words: string } | undefined;
  /** The container that it is about, as soon as there is one. */
  handle: string | undefined;
}

export interface Pointer {
  /** Follows what is spoken of, until the reader asks for another look. */
  follow(spoken: Spoken): void;
  /** The reader asks to be shown this; null for what the text itself points at. */
  at(look: Look): void;
  /** What the reader has asked for. */
  asked(): Look | null;
  leave(): void;
}

/** Whether the stage shows everything at full contrast although something is held. */
function spotlight(on: boolean): void {
  document.querySelector('ws-stage')?.classList.toggle('pointed', on);
}

export function createPointer(page: () => PageActions): Pointer {
  const light = createLight();
  const cover = createLight();
  let id: string | null = null;
  let asked: Look | null = null;
  /** Where the camera was sent last. */
  let sent: string | undefined;

  return {
    follow(spoken) {
      if (id !== spoken.id) {
        ({ id } = spoken);
        asked = null;
        sent = undefined;
      }
      const look = asked ?? spoken.look;
      const { cover: hidden } = spoken;
      cover.on(hidden ? LOOKS_AT[hidden.look].light : [], hidden?.words ?? '');
      if (!look) {
        spotlight(false);
        return light.off();
      }
      const { camera, light: parts } = LOOKS_AT[look];
      // A container that is not there yet is waited for.
      const zoom = camera === 'platform' ? 'platform' : spoken.handle;
      if (zoom !== undefined && zoom !== sent && !(spoken.still && asked === null)) {
        sent = zoom;
        page().update({ zoom, host: false });
      }
      light.on(spoken.told ? parts : []);
      // What is pointed at is not to be read through a veil, whatever is held elsewhere.
      spotlight(spoken.told && look !== 'held' && parts.length > 0);
    },
    at(look) {
      asked = look;
      sent = undefined;
    },
    asked: () => asked,
    leave() {
      id = null;
      spotlight(false);
      light.off();
      cover.off();
    },
  };
}
