// One terminal: xterm.js at one end, a WebSocket to a shell in a container at the other. It lives on while its panel is
// not shown. xterm.js is loaded with the first one, so that the first view stays small.
import type { FitAddon } from '@xterm/addon-fit';
import type { Terminal } from '@xterm/xterm';
import { clientId } from '../driver/client.ts';
import { onTheme, themeNow } from './colours.ts';

export type User = 'vcap' | 'root';

export type Status =
  | { at: 'opening' }
  | { at: 'ready'; via: 'wshd' | 'nsenter'; kinds: string[] }
  | { at: 'exited'; status: number }
  | { at: 'refused'; why: string }
  | { at: 'lost' };

type News =
  | { type: 'ready'; via: 'wshd' | 'nsenter'; kinds?: string[] }
  | { type: 'exit'; status: number }
  | { type: 'error'; error: string };

/** Real milliseconds between the two Esc that lead out. */
const TWICE_MS = 400;

export class Session {
  readonly handle: string;
  readonly user: User;
  /** Which one it is of those into the same container. */
  readonly n: number;
  /** Where the terminal is drawn; it is put into the panel and taken out again. */
  readonly element: HTMLElement = document.createElement('div');
  status: Status = { at: 'opening' };
  /** Something has changed that the panel shows. */
  onChange: () => void = () => undefined;
  /** The reader wants out, to the page's own keys. */
  onLeave: () => void = () => undefined;
  #terminal: Terminal | undefined;
  #fit: FitAddon | undefined;
  #socket: WebSocket | undefined;
  readonly #ends: (() => void)[] = [];
  #closed = false;

  constructor(handle: string, user: User, n: number) {
    this.handle = handle;
    this.user = user;
    this.n = n;
    this.element.className = 'terminal-screen';
    // The page's keys are the shell's here; the panel says how to leave.
    this.element.addEventListener('keydown', (event) => event.stopPropagation());
  }

  /** To be called once the element stands in the page: its size decides about columns and rows. */
  async open(): Promise<void> {
    const [{ Terminal }, { FitAddon }] = await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
      import('@xterm/xterm/css/xterm.css'),
    ]);
    if (this.#closed) return;
    const terminal = new Terminal({
      screenReaderMode: true,
      cursorBlink: false,
      scrollback: 5000,
      fontSize: 14,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
      minimumContrastRatio: 4.5,
      theme: themeNow(),
    });
    this.#terminal = terminal;
    this.#fit = new FitAddon();
    terminal.loadAddon(this.#fit);
    terminal.open(this.element);
    terminal.attachCustomKeyEventHandler(
      leaving(
        () => this.onLeave(),
        () => terminal.input('\x1b'),
      ),
    );
    const watch = new ResizeObserver(() => this.fit());
    watch.observe(this.element);
    this.#ends.push(
      () => watch.disconnect(),
      onTheme(() => {
        terminal.options.theme = themeNow();
      }),
    );
    this.fit();
    this.#socket = this.#dial(terminal);
  }

  focus(): void {
    this.#terminal?.focus();
  }

  fit(): void {
    // An element that is not shown has no size, and a shell of no columns wraps everything.
    if (this.element.offsetHeight > 0) this.#fit?.fit();
  }

  /** Hangs up: the shell and what it started in the foreground end. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
    for (const end of this.#ends.splice(0)) end();
    this.#terminal?.dispose();
    this.element.remove();
  }

  #say(status: Status): void {
    this.status = status;
    if (this.#terminal && status.at !== 'ready') this.#terminal.options.disableStdin = true;
    this.onChange();
  }

  #dial(terminal: Terminal): WebSocket {
    const url = new URL(`/lab/terminal/${encodeURIComponent(this.handle)}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    url.search = new URLSearchParams({
      ...{ user: this.user, client: clientId() },
      ...{ cols: String(terminal.cols), rows: String(terminal.rows) },
    }).toString();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const bytes = new TextEncoder();
    const open = () => socket.readyState === WebSocket.OPEN;
    terminal.onData((keys) => open() && socket.send(bytes.encode(keys)));
    terminal.onResize(({ cols, rows }) => open() && socket.send(JSON.stringify({ type: 'resize', cols, rows })));
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== 'string') return terminal.write(new Uint8Array(data));
      const news: News = JSON.parse(data);
      if (news.type === 'exit') this.#say({ at: 'exited', status: news.status });
      else if (news.type === 'error') this.#say({ at: 'refused', why: news.error });
      else this.#say({ at: 'ready', via: news.via, kinds: news.kinds ?? [] });
      if (news.type === 'ready') terminal.focus();
    };
    socket.onclose = () => {
      if (this.status.at === 'ready' || this.status.at === 'opening') this.#say({ at: 'lost' });
    };
    return socket;
  }
}

/**
 * For xterm: two Esc soon after each other lead out, and neither reaches the shell (to which Esc is the beginning of
 * another key). One alone is the shell's, a little later or with the next key.
 */
function leaving(leave: () => void, sendEsc: () => void): (event: KeyboardEvent) => boolean {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const ends = () => {
    const was = waiting !== undefined;
    clearTimeout(waiting);
    waiting = undefined;
    return was;
  };
  return (event) => {
    if (event.type !== 'keydown') return event.key !== 'Escape';
    const twice = ends();
    if (event.key !== 'Escape') {
      if (twice) sendEsc();
      return true;
    }
    if (twice) leave();
    else {
      waiting = setTimeout(() => {
        waiting = undefined;
        sendEsc();
      }, TWICE_MS);
    }
    return false;
  };
}
