// Which session is current: the question that a context provider answers.

/** What one `run()` makes current: a session of one database, on top of the frame that was current before. */
export interface Frame {
  /** The Database whose session it is. */
  readonly owner: object;
  readonly session: object;
  readonly parent: Frame | undefined;
  /** Working folder set by `setFolder()` within this frame. */
  folder?: string;
}

/** Answers "which session is current here?": the place of PyDAL's thread-local. */
export interface ContextProvider {
  readonly name: string;
  /** Whether `undefined` from `current()` proves that no session is active; otherwise it may have been lost. */
  readonly absenceProves: boolean;
  /**
   * With `absenceProves`: still refuses a lone statement while a session of its database is open and none is current.
   * A listener or a pooled callback runs in the context of the code that dispatches it, and may have lost its session.
   */
  readonly strict?: boolean | undefined;
  /** The innermost frame here; `undefined` if there is none, or if it is unknown. */
  current(): Frame | undefined;
  /** Runs `work` with `frame` current, in it and in everything it starts; `undefined` runs it with none. */
  run<T>(frame: Frame | undefined, work: () => T): T;
  /** The remedy when the frame was lost, for the message of `SESSION_REQUIRED`. */
  readonly remedy?: string;
  /**
   * Prepares a promise that is about to be returned to the user, so that awaiting it keeps the frame; returns the same object.
   * For providers that cannot follow every await.
   */
  readonly carry?: (<T extends PromiseLike<unknown>>(promise: T) => T) | undefined;
}
