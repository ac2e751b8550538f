// Which page this is: a number of its own for as long as its tab lives, and the name that its reader goes by. The number
// proves who drives, so it is shown nowhere.

/** What every order of this page carries, so that the lab knows whether it drives (server/debugger/driver.ts). */
export const CLIENT_HEADER = 'x-wardenscope-client';

const ID = 'wardenscope-client';
const NAME = 'wardenscope-name';
let id = '';

/** The same after a reload, another one in every other tab. */
export function clientId(): string {
  id ||= read(() => sessionStorage, ID) || fresh();
  write(() => sessionStorage, ID, id);
  return id;
}

export function readName(): string {
  return read(() => localStorage, NAME);
}

export function keepName(name: string): void {
  write(() => localStorage, NAME, name);
}

/** 128 random bits; `randomUUID` is not there on an address without https. */
function fresh(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function read(store: () => Storage, key: string): string {
  try {
    return store().getItem(key) ?? '';
  } catch {
    return '';
  }
}

function write(store: () => Storage, key: string, value: string): void {
  try {
    store().setItem(key, value);
  } catch {
    // A private window may refuse: the page is then a new one after a reload.
  }
}
