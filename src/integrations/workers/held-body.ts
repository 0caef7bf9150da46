/**
 * Hands a body on chunk by chunk, and ends it only when `ended` has settled: a reader who sees its end knows that all is kept.
 *
 * @returns `isRead` settles when the body was read, and rejects when it broke off, or its reader left.
 */
export function heldBody(
  source: ReadableStream<Uint8Array>,
  ended: Promise<unknown>,
): { readonly body: ReadableStream<Uint8Array>; readonly isRead: Promise<void> } {
  const reader = source.getReader();
  let read!: () => void;
  let broken!: (reason: unknown) => void;
  const isRead = new Promise<void>((resolve, reject) => {
    read = resolve;
    broken = reject;
  });
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        read();
        await ended;
        controller.close();
      } catch (error) {
        broken(error);
        throw error;
      }
    },
    async cancel(reason) {
      broken(reason ?? new Error("the reader of the response has left"));
      await reader.cancel(reason);
    },
  });
  return { body, isRead };
}
