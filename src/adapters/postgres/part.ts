import type { Bound } from "./values.ts";

/** One thing for the server to do. `fetch` and `close` are for a portal that was opened by its name. */
export type Part =
  | RunPart
  | { readonly kind: "fetch"; readonly portal: string; readonly limit: number }
  | { readonly kind: "close"; readonly portal: string };

export interface RunPart {
  readonly kind: "run";
  readonly bound: Bound;
  readonly portal?: string;
  readonly limit?: number;
  /** True: its answer is not to wait for the Sync. */
  readonly isUrgent?: boolean;
  /** True: nobody reads its rows, so their columns are not asked for. */
  readonly isMute?: boolean;
}
