// Who is current? What a context provider must answer.

/** What one `run()` makes current: a session of one database, on top of what was current before. */
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
  /** True: where `current()` is `undefined` there is no session. False: it may only have been lost. */
  readonly absenceProves: boolean;
  /**
   * Where absence proves: a lone statement is refused all the same while a session of its database is open and none is current.
   * A listener or a pooled callback runs in the context of whoever dispatches it, and may have lost its session.
   */
  readonly strict?: boolean | undefined;
  /** The innermost frame here; `undefined` when there is none, or when it cannot be known. */
  current(): Frame | undefined;
  /** Runs `work` with `frame` current, in it and in all that it starts; `undefined` runs it with none. */
  run<T>(frame: Frame | undefined, work: () => T): T;
  /** What to do where the frame was lost, for the message of `SESSION_REQUIRED`. */
  readonly remedy?: string;
  /**
   * Prepares a promise that is about to be handed out, so that an await of it keeps the frame; returns the same object.
   * For providers that do not follow every await by themselves.
   */
  readonly carry?: (<T extends PromiseLike<unknown>>(promise: T) => T) | undefined;
}
