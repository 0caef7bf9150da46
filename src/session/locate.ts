import { isDbError } from "../errors.ts";

/** `Error`, where the engine can say which functions await a promise. */
interface Tracing {
  captureStackTrace?: (target: { stack?: string }, above: unknown) => void;
  stackTraceLimit?: number;
}

/** Deep enough to pass our own frames: those of a lone statement's session come first. */
const FRAMES = 40;

const hop = async (): Promise<void> => undefined;

const located = new WeakSet<Error>();

/**
 * Rejects with `error`, once that names the lines that wait for it: the functions that await a statement are found when it
 * fails, so that one which succeeds pays nothing.
 */
export async function locate(error: unknown): Promise<never> {
  // Every waiter has subscribed by then.
  await hop();
  await hop();
  await hop();
  if (isDbError(error) && !located.has(error)) {
    located.add(error);
    addFrames(error);
  }
  throw error;
}

function addFrames(error: Error): void {
  const tracing = Error as Tracing;
  const { stackTraceLimit } = tracing;
  if (!tracing.captureStackTrace || stackTraceLimit === undefined) return;
  try {
    const here: { stack?: string } = {};
    tracing.stackTraceLimit = FRAMES;
    tracing.captureStackTrace(here, locate);
    // All that is above are those who wait; where stacks are mapped to sources, none of them says that it is async.
    const frames = here.stack?.split("\n").filter((line) => /^ {4}at (?!process\.processTicks)/.test(line)) ?? [];
    if (frames.length > 0) error.stack = [error.stack, ...frames].join("\n");
  } catch {
    // A frozen error, or an engine that lets nobody set this: the error says what it can.
  } finally {
    tracing.stackTraceLimit = stackTraceLimit;
  }
}
