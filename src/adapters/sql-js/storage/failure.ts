import { DbError, type Outcome, type StorageFailure } from "../../../errors.ts";

const IN_MEMORY =
  "What was committed since is in memory: the next commit or `dispose()` keeps it; `connection.raw.export()` gives the image";

const REMEDIES: Record<StorageFailure, string> = {
  damaged:
    "its log is damaged, and kept commits are lost: `storage.salvage(name)` gives what can be read, `storage.remove(name)` begins anew",
  foreign: "its files are not from isopool: take another name or folder",
  newer: "its files were written by a newer isopool: update this one",
  absent: "it cannot be had here, see the `cause`: `browserStorage()` takes another one",
  locked: "another tab, worker or process has it open: close that first",
  full: `there is no room left: make some. ${IN_MEMORY}`,
  failed: `it could not be read or written. ${IN_MEMORY}`,
};

/** What became of the commits. */
export interface Counts {
  readonly saved?: number;
  readonly unsaved?: number;
}

/**
 * @param name - of the database.
 * @param outcome - `unknown`: of a commit, which is in memory and perhaps in the storage.
 */
export function storageFailed(
  name: string,
  reason: StorageFailure,
  cause?: unknown,
  outcome: Outcome = "not-executed",
  counts: Counts = {},
): DbError {
  const { saved, unsaved } = counts;
  const counted = [
    saved !== undefined && `${saved} of its commits are saved`,
    unsaved !== undefined && `${unsaved} are in memory alone`,
  ].filter(Boolean);
  const shown = counted.length > 0 ? ` (${counted.join(", ")})` : "";
  const message = `the storage of \`${name}\`: ${REMEDIES[reason]}${shown}`;
  return new DbError("STORAGE_FAILED", message, { storage: name, reason, ...counts }, { cause, outcome });
}

/** What a platform's error means. */
export function toStorageFailed(name: string, cause: unknown, outcome?: Outcome, counts?: Counts): DbError {
  if (cause instanceof DbError) return cause;
  const { name: kind, code } = (cause ?? {}) as { name?: unknown; code?: unknown };
  const isFull = kind === "QuotaExceededError" || code === "ENOSPC" || code === "EDQUOT";
  const reason = isFull ? "full" : kind === "NoModificationAllowedError" ? "locked" : "failed";
  return storageFailed(name, reason, cause, outcome, counts);
}
