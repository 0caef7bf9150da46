// What is asked of an AbortSignal, of older engines too: Safari before 15.4 and jsdom have no `throwIfAborted()`, or no `reason`.

/** Why a signal was aborted: its own reason, or the error that newer engines give where there is none. */
export function reasonOf({ reason }: AbortSignal): unknown {
  return reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
}

/** @throws the signal's reason, if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}
