/** Bodies of up to so many bytes are kept, so that another attempt can read them as well. */
const KEPT_BYTES = 1_048_576;

export interface Replay {
  /** The request for the next attempt. */
  next(): object;
  /** False: its body was read, and is gone. */
  isPossible(): boolean;
}

/**
 * Has a request ready for one attempt after another. A small body whose length is told is read ahead of the first; of any other,
 * nothing is kept, and no attempt follows one that has begun to read it.
 *
 * @param request - or whatever else an event comes as: that is the same for each attempt.
 */
export async function replayOf(request: object): Promise<Replay> {
  const isPossible = (): boolean => !(request as Partial<Request>).bodyUsed;
  if (!(request instanceof Request) || !request.body) return { next: () => request, isPossible };
  const length = Number(request.headers.get("content-length") ?? Infinity);
  if (!(length <= KEPT_BYTES) || request.bodyUsed) return { next: () => request, isPossible };
  const body = await request.arrayBuffer();
  const { method } = request;
  return { next: () => new Request(request, { method, body }), isPossible: () => true };
}
