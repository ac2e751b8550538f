// What is dropped on the page, or chosen with a file picker, goes to the first dropper that takes it. Knows no kind of
// file itself: a recorded run, an app's folder or zip are registered by their own rooms.

/** A file or a folder. Of a folder, `file` is null and `entry` lists what is in it. */
export interface DroppedItem {
  /** The name without a path, as `hello.wardenscope.json.gz` or `my-app`. */
  name: string;
  file: File | null;
  /** Null where a browser has no such thing, and for what came from a file picker. */
  entry: FileSystemEntry | null;
}

export interface Dropper {
  /** Whether this is for it, judged by names and types: nothing has been read yet. */
  takes(items: readonly DroppedItem[]): boolean;
  take(items: readonly DroppedItem[]): void;
}

const droppers: Dropper[] = [];

/** Registers a dropper; the earlier one is asked first. Returns how to take it back. */
export function addDropper(dropper: Dropper): () => void {
  droppers.push(dropper);
  return () => {
    const index = droppers.indexOf(dropper);
    if (index >= 0) droppers.splice(index, 1);
  };
}

/** Hands over what was dropped or chosen. False when nobody takes it. */
export function handOver(items: readonly DroppedItem[]): boolean {
  const dropper = items.length > 0 ? droppers.find((d) => d.takes(items)) : undefined;
  dropper?.take(items);
  return dropper !== undefined;
}

export interface DropListener {
  /** Files are being dragged over the page, or not any more. */
  over(over: boolean): void;
  /** Nobody takes what was dropped: its names. */
  refused(names: string): void;
}

/** Listens for files dropped anywhere on the page. Returns how to end that. */
export function listenForDrops({ over, refused }: DropListener): () => void {
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  const onOver = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    // Without this the browser would open the file in place of the page.
    event.preventDefault();
    over(true);
  };
  const onLeave = (event: DragEvent) => {
    if (event.relatedTarget === null) over(false);
  };
  const onDrop = (event: DragEvent) => {
    if (!event.dataTransfer || !carriesFiles(event)) return;
    event.preventDefault();
    over(false);
    const items = itemsOf(event.dataTransfer);
    if (!handOver(items)) refused(items.map((i) => i.name).join(', '));
  };
  addEventListener('dragover', onOver);
  addEventListener('dragleave', onLeave);
  addEventListener('drop', onDrop);
  return () => {
    removeEventListener('dragover', onOver);
    removeEventListener('dragleave', onLeave);
    removeEventListener('drop', onDrop);
  };
}

/** Files of an `<input type="file">` as dropped items. */
export function itemsOfFiles(files: Iterable<File>): DroppedItem[] {
  return [...files].map((file) => ({ name: file.name, file, entry: null }));
}

/** To be called while the drop event is being handled: its list is empty afterwards. */
function itemsOf(transfer: DataTransfer): DroppedItem[] {
  return [...transfer.items].flatMap((item) => {
    const entry = item.webkitGetAsEntry?.() ?? null;
    const file = item.getAsFile();
    if (!entry && !file) return [];
    return [{ name: entry?.name ?? file?.name ?? '', file: entry?.isDirectory ? null : file, entry }];
  });
}
