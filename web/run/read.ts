// The bytes of a run file as a run: unpacks and parses. Nothing is shown or kept here.
import { type RunFile, type RunProblem, readRun } from '../../machines/run-file.ts';

/** Reads a dropped, chosen or fetched file. Never rejects for what is in it. */
export async function readRunFile(
  file: Blob,
): Promise<{ ok: true; run: RunFile } | { ok: false; problem: RunProblem }> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  // A server may have unpacked it on its way, and so may a user.
  if (first !== 0x1f || second !== 0x8b) return readRun(await file.text());
  const { text, whole } = await unpacked(file);
  const read = readRun(text);
  if (whole || !read.ok) return read;
  return { ok: false, problem: { kind: 'torn', entries: read.run.entries.length } };
}

/** What can be unpacked of it, and whether that was all. */
async function unpacked(file: Blob): Promise<{ text: string; whole: boolean }> {
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { text: text + decoder.decode(), whole: true };
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return { text, whole: false };
  }
}
