// The light that a lesson puts on what it speaks of: a frame around one or more parts of the page, with an arrow. It lies
// over the page, takes no clicks, and follows what it surrounds while the camera moves.

import './light.css';

/** Milliseconds between two looks at where the part is. */
const FOLLOW_EVERY = 120;
/** Looks between two at what stands around it: words come and go while it stays where it is. */
const AROUND_EVERY = 8;
/** From a part to the outer edge of its frame, which is 3 wide. */
const ROOM = 6;
/** What an arrow beside the frame takes up. */
const ARROW = 34;
/** What an arrow must not stand on. */
const WORDS = 'ws-stage text, ws-stage .held, ws-stage button, ws-stage p';
const SIDES = ['above', 'left', 'right', 'below'] as const;
type Side = (typeof SIDES)[number];

export interface Light {
  /**
   * Lights up all parts that the first matching selector finds; an empty list puts the light out.
   * @param cover what stands there instead, where the parts are to be covered up
   */
  on(selectors: readonly string[], cover?: string): void;
  off(): void;
}

export function createLight(): Light {
  const frame = document.createElement('div');
  frame.className = 'lesson-light';
  frame.setAttribute('aria-hidden', 'true');
  frame.append(document.createElement('i'));
  let wanted: readonly string[] = [];
  let stood = '';
  let looks = 0;
  let following: ReturnType<typeof setInterval> | undefined;

  function follow(): void {
    const box = boxOf(wanted);
    frame.hidden = box === null;
    if (!box) return;
    const room = Math.max(0, Math.min(ROOM, box.left, box.top));
    frame.style.transform = `translate(${box.left - room}px, ${box.top - room}px)`;
    frame.style.width = `${box.right - box.left + 2 * room}px`;
    frame.style.height = `${box.bottom - box.top + 2 * room}px`;
    // What stands around it is measured when it has moved, and now and then.
    const place = JSON.stringify(box);
    looks += 1;
    if (place === stood && looks % AROUND_EVERY !== 0) return;
    stood = place;
    frame.dataset.arrow = freeSide(box) ?? 'none';
  }

  return {
    on(selectors, cover) {
      wanted = selectors;
      frame.classList.toggle('cover', cover !== undefined);
      frame.dataset.words = cover ?? '';
      if (selectors.length === 0) return this.off();
      if (!frame.isConnected) document.body.append(frame);
      following ??= setInterval(follow, FOLLOW_EVERY);
      follow();
    },
    off() {
      stood = '';
      clearInterval(following);
      following = undefined;
      wanted = [];
      frame.remove();
    },
  };
}

interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The first side on which an arrow covers no words and is on the page. */
function freeSide(box: Edges): Side | undefined {
  const stage = document.querySelector('ws-stage')?.getBoundingClientRect();
  const words = [...document.querySelectorAll(WORDS)].map((part) => part.getBoundingClientRect());
  return SIDES.find((side) => {
    const arrow = arrowAt(box, side);
    const on = (b: Edges): boolean =>
      b.left < arrow.right && b.right > arrow.left && b.top < arrow.bottom && b.bottom > arrow.top;
    const inside =
      stage &&
      arrow.left >= stage.left &&
      arrow.right <= stage.right &&
      arrow.top >= stage.top &&
      arrow.bottom <= stage.bottom;
    return inside && !words.some((b) => b.right - b.left + b.bottom - b.top > 4 && on(b));
  });
}

function arrowAt(box: Edges, side: Side): Edges {
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const half = ARROW / 2 - 3;
  if (side === 'above' || side === 'below') {
    const top = side === 'above' ? box.top - ROOM - ARROW : box.bottom + ROOM;
    return { left: x - half, right: x + half, top, bottom: top + ARROW };
  }
  const left = side === 'left' ? box.left - ROOM - ARROW : box.right + ROOM;
  return { left, right: left + ARROW, top: y - half, bottom: y + half };
}

/** Around all that the first selector with something to see finds; null when nothing is there. */
function boxOf(selectors: readonly string[]): Edges | null {
  for (const selector of selectors) {
    const all = [...document.querySelectorAll(selector)].map((part) => part.getBoundingClientRect());
    const seen = all.filter(({ width, height }) => width + height > 4);
    if (seen.length === 0) continue;
    return {
      left: Math.min(...seen.map((b) => b.left)),
      top: Math.min(...seen.map((b) => b.top)),
      right: Math.max(...seen.map((b) => b.right)),
      bottom: Math.max(...seen.map((b) => b.bottom)),
    };
  }
  return null;
}
