// The one error that a user meets at the start: one sentence on stderr that says what to do, and a non-zero exit.

export class Refusal extends Error {
  override name = 'Refusal';
}
