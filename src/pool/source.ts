/** How connections of one kind are opened and closed. */
export interface PoolSource<C> {
  /** Opens one. The signal aborts when it takes longer than `openTimeoutMs`, or the pool is disposed of. */
  open(options: { signal: AbortSignal }): C | Promise<C>;
  /** Called once for each connection. Its failure is reported as an event; the connection counts as closed. */
  close(connection: C): void | Promise<void>;
  /** Asked before a connection is lent that was idle for `validateAfterMs`: `false` or a throw = it is dead. */
  validate?(connection: C, options: { signal: AbortSignal }): boolean | void | Promise<boolean | void>;
  /** Asked whenever a connection is lent or comes back: `true` = its driver knows that it is closed. It is never lent. */
  isClosed?(connection: C): boolean;
  /** For how long nothing was sent on it, in milliseconds. Asked only where holders can be cut off. */
  silentMs?(connection: C): number;
}
