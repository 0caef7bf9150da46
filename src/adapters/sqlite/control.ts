import type { Step } from "../../contract/adapter.ts";

/**
 * SQLite's own text of a step: `BEGIN IMMEDIATE`, `SAVEPOINT "name"`, `ROLLBACK TO "name"`. A transaction that will write
 * takes the lock at its beginning, where it can still wait for it.
 *
 * @example
 * controlText({ kind: "begin", options: { accessMode: "read write" } }); // "BEGIN IMMEDIATE"
 */
export function controlText(step: Exclude<Step, { kind: "query" }>): string {
  if (step.kind === "begin") {
    const { behavior, accessMode } = step.options;
    const mode = behavior ?? (accessMode === "read write" ? "immediate" : "");
    return `BEGIN ${mode.toUpperCase()}`.trimEnd();
  }
  const name = "name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "";
  return step.kind.replace("-", " ").toUpperCase() + name;
}
