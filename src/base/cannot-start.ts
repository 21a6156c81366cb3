/**
 * The server cannot start (or a command cannot run), and whoever started it can do something about that.
 * The message is one line that says what is wrong and what to do; it is printed alone, without a stack.
 */
export class CannotStart extends Error {
  override name = 'CannotStart'
}

/** Tells the person who started the server what is going on, a line at a time. */
export type Report = (line: string) => void
