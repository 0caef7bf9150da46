import type { Clock } from "../../contract/runtime.ts";

/** A body that nobody has begun to read by then was thrown away: its client had left before, where the platform does not tell. */
const UNREAD_MS = 3_000;

/**
 * Passes a body on chunk by chunk, and ends it only when `ended` has settled: a reader who sees its end knows that everything
 * is committed. If that fails, the body is aborted.
 *
 * @param enter - restores the source's context for each read: the body's reader may be in another one.
 * @returns `isRead` settles when the body was read, and rejects when it broke off, or its reader left.
 */
export function heldBody(
  source: ReadableStream<Uint8Array>,
  ended: Promise<unknown>,
  enter: <T>(work: () => T) => T,
  clock: Clock,
): { readonly body: ReadableStream<Uint8Array>; readonly isRead: Promise<void> } {
  const reader = source.getReader();
  let read!: () => void;
  let broken!: (reason: unknown) => void;
  const isRead = new Promise<void>((resolve, reject) => {
    read = resolve;
    broken = reject;
  });
  const leave = (reason: unknown): Promise<void> => enter(() => reader.cancel(reason));
  const unread = new Error(`nobody has read the response within ${UNREAD_MS} ms`);
  const timer = clock.setTimeout(() => broken(unread), UNREAD_MS);
  // What is read on ends here, and then in the reason.
  void ended.catch(leave).catch(() => undefined);
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    clock.clearTimeout(timer);
    try {
      const { done, value } = await enter(() => reader.read());
      if (!done) return controller.enqueue(value);
      read();
      await ended;
      controller.close();
    } catch (error) {
      broken(error);
      throw error;
    }
  };
  const cancel = async (reason: unknown): Promise<void> => {
    clock.clearTimeout(timer);
    broken(reason);
    await leave(reason);
  };
  // Nothing is read ahead of its reader: whether there is one is to be seen.
  const body = new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
  return { body, isRead };
}
