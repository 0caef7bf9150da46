// AbortSignal for older engines: Safari before 15.4 and jsdom lack `throwIfAborted()` or `reason`.

/** Why a signal was aborted: its own reason, or else the error that newer engines use. */
export function reasonOf({ reason }: AbortSignal): unknown {
  return reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
}

/** @throws TypeError for what is no signal: a controller, mostly. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (!signal || typeof signal.addEventListener === "function") return;
  throw new TypeError(`Expected \`signal\` to be an AbortSignal, as \`controller.signal\`, got \`${String(signal)}\``);
}

/** @throws the signal's reason, if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}
