// A duration on the lab's clock as text. Pure.

/** Lab time as `12:34.567`, with hours once there are any. */
export function clockText(ms: number): string {
  const total = Math.max(0, Math.floor(ms));
  const pad = (n: number, width = 2) => String(n).padStart(width, '0');
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor(total / 60_000) % 60;
  const rest = `${pad(minutes)}:${pad(Math.floor(total / 1000) % 60)}.${pad(total % 1000, 3)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
