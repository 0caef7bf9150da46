/** How connections of one kind are opened and closed. */
export interface PoolSource<C> {
  /** Opens one. The signal aborts after `openTimeoutMs`, or when the pool is disposed. */
  open(options: { signal: AbortSignal }): C | Promise<C>;
  /** Called once for each connection. If it fails, an event reports it; the connection counts as closed. */
  close(connection: C): void | Promise<void>;
  /** Called before lending a connection that was idle for `validateAfterMs`: `false` or a throw means it is dead. */
  validate?(connection: C, options: { signal: AbortSignal }): boolean | void | Promise<boolean | void>;
  /** Called whenever a connection is lent or returned: `true` or a throw means it is closed. It is then never lent. */
  isClosed?(connection: C): boolean;
  /** For how long nothing was sent on it, in milliseconds. Asked only where holders can be cut off. */
  silentMs?(connection: C): number;
}
