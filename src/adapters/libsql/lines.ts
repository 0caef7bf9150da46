import { unknown } from "./errors.ts";
import { throwIfAborted } from "../../signal.ts";

/** Reads a body of JSON values, one a line, as they come; a reader that stops cancels the rest. */
export async function* readLines(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<unknown, void> {
  const reader = body!.getReader();
  const decoder = new TextDecoder();
  // A long line comes in thousands of pieces: to look through all of it with each would take time by the square of its length.
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const [first, ...others] = decoder.decode(value, { stream: !done }).split("\n");
      pieces.push(first!);
      for (const piece of done ? [...others, ""] : others) {
        const line = pieces.join("");
        pieces = [piece];
        if (line) yield JSON.parse(line);
      }
      if (done) return;
    }
  } catch (error) {
    throwIfAborted(signal);
    throw unknown("the server's answer is cut off or not JSON", new Error((error as Error).name));
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
