import { DbError } from "../errors.ts";

/** How things stood when a caller was refused: the details of every refusal in one. */
export interface Numbers {
  readonly pool: string;
  readonly max: number;
  readonly maxWaiting: number;
  readonly busy: number;
  readonly waiting: number;
  readonly waitedMs: number;
  /** The caller's stack and those of the holders; only when stacks are kept. */
  readonly stacks: readonly string[];
}

export type RefusalCode = keyof typeof TEXTS;

/** What happened, and what to do. */
const TEXTS: Record<
  "POOL_TIMEOUT" | "POOL_FULL" | "POOL_CLOSED" | "POOL_DEADLOCK",
  (numbers: Numbers) => [string, string]
> = {
  POOL_TIMEOUT: ({ waitedMs }) => [
    `waited ${waitedMs} ms`,
    "Is a lease held too long? See the cause, if any, or raise max.",
  ],
  POOL_FULL: ({ waiting }) => [`${waiting} wait already`, "Come back later, or raise maxWaiting."],
  POOL_CLOSED: ({ pool }) => [`"${pool}" was disposed of`, "Make a new one."],
  POOL_DEADLOCK: () => ["all holders wait for this caller", "Join them with transaction(), or raise max."],
};

/** Why a caller gets no connection. @param failure - of the last open, if it failed. */
export function refusal(code: RefusalCode, numbers: Numbers, failure: { cause?: unknown }): DbError {
  const { max, busy, waiting } = numbers;
  const [what, remedy] = TEXTS[code](numbers);
  const retryable = code === "POOL_TIMEOUT" || code === "POOL_FULL";
  const message = `${what} (max ${max}, busy ${busy}, waiting ${waiting}). ${remedy}`;
  return new DbError(code, message, numbers, { retryable, ...failure });
}
