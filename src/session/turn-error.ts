import { DbError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Host } from "./host.ts";

/** The error for what waits for a transaction that, most likely, waits for it in turn. */
export function turnError(timeoutMs: number): DbError {
  const message = `waited ${timeoutMs} ms for a nested transaction: use the session that its work received`;
  return new DbError("POOL_DEADLOCK", message, { max: 1, stacks: [] });
}

/** All who are left wait for a transaction that is under way. It may be waiting for them, and none would ever leave. */
export function block(
  commands: Iterable<Command>,
  { clock, limits: { acquireTimeoutMs: timeoutMs } }: Host,
  giveUp: (command: Command, error: unknown) => void,
): void {
  for (const command of commands) {
    if (command.unblock || command.isSettled) continue;
    const timer = clock.setTimeout(() => giveUp(command, turnError(timeoutMs)), timeoutMs);
    command.unblock = (): void => clock.clearTimeout(timer);
  }
}
