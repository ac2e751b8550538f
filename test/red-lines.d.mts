export interface RedLine {
  file: string;
  /** Stands exactly once in the file. */
  line: string;
  becomes: string;
  /** A test file and how the test's name begins. */
  proof: [file: string, test: string];
  why: string;
  /** A test that has to run before it. */
  after?: string;
}

export const RED_LINES: RedLine[];
