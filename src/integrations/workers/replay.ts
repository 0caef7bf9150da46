/** Bodies of up to so many bytes are kept, so that another attempt can read them as well. */
const KEPT_BYTES = 1_048_576;

export interface Replay {
  /** The request for the next attempt. */
  next(): object;
  /** Whether its body was read, and is gone. */
  isSpent(): boolean;
}

/**
 * Has a request ready for one attempt after another. A small body whose length is told is read ahead of the first; of any other,
 * nothing is kept, and no attempt follows one that has begun to read it.
 *
 * @param request - or whatever else an event comes as: that is the same for each attempt.
 */
export async function replayOf(request: object): Promise<Replay> {
  const isSpent = (): boolean => Boolean((request as Partial<Request>).bodyUsed);
  const length = request instanceof Request && request.body && request.headers.get("content-length");
  if (!length || !(Number(length) <= KEPT_BYTES) || isSpent()) return { next: () => request, isSpent };
  const body = await request.arrayBuffer();
  const { method } = request;
  return { next: () => new Request(request, { method, body }), isSpent: () => false };
}
