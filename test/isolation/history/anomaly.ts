/** By Adya's names, where there is one. Source: https://pmg.csail.mit.edu/papers/adya-phd.pdf */
export type AnomalyKind =
  /** Told committed, and not stored. */
  | "lost"
  /** Told rolled back, and stored: the whole, or a part. */
  | "undone but stored"
  /** Stored in part. */
  | "torn"
  /** Stored twice, or by nobody. */
  | "made up"
  /** A transaction does not see what it has done itself. */
  | "internal"
  /** Two reads that no order of appends explains. */
  | "no order"
  | "G0"
  | "G1a"
  | "G1b"
  | "G1c"
  | "G-single"
  | "G2";

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** Places in the history of those that took part. */
  readonly transactions: readonly number[];
  readonly text: string;
}
