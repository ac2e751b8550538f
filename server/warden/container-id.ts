// Container ids: 11 characters in base 32 from a counter that starts at the microsecond clock (warden: base.rb
// generate_container_id). Exactly 11, because `w-<id>-0` must fit into the 15 characters of an interface name.

const LENGTH = 11;

/** @param startMicros wall clock in microseconds at the start of the server */
export function containerIds(startMicros: number): () => string {
  let next = BigInt(Math.floor(startMicros));
  return () => {
    next += 1n;
    return (next % 32n ** BigInt(LENGTH)).toString(32).padStart(LENGTH, '0');
  };
}

export function isContainerId(name: string): boolean {
  return /^[0-9a-v]{11}$/.test(name);
}
