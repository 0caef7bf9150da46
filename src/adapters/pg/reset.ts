import { bare } from "../postgres/control.ts";
import type { Part } from "../postgres/pipeline.ts";

/** Hyperdrive has prepared statements in its sessions, which DISCARD would take from it. */
export const RESET_SETTINGS = "RESET ALL";

/** What DISCARD ALL does, as far as it can be done in a transaction. */
export const RESET_INSIDE: string = `DO $$ BEGIN EXECUTE 'CLOSE ALL'; EXECUTE 'SET SESSION AUTHORIZATION DEFAULT';
  EXECUTE 'RESET ALL'; EXECUTE 'DEALLOCATE ALL'; EXECUTE 'UNLISTEN *'; PERFORM pg_catalog.pg_advisory_unlock_all(); EXECUTE 'DISCARD TEMP';
  EXECUTE 'DISCARD SEQUENCES'; END $$`;

/** Puts another reset in the place of DISCARD ALL. */
export function withReset(
  segments: readonly (readonly Part[])[],
  text: string | undefined,
): readonly (readonly Part[])[] {
  if (!text) return segments;
  const toPart = (part: Part): Part =>
    part.kind === "run" && part.bound.text === "DISCARD ALL" ? { ...part, bound: bare(text) } : part;
  return segments.map((segment) => segment.map(toPart));
}
