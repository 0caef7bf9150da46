// Hrana over HTTP, versions 2 and 3, in JSON: as much of it as the server reads and writes.

export type WireValue =
  | { readonly type: "null" }
  | { readonly type: "integer"; readonly value: string }
  | { readonly type: "float"; readonly value: number | null }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "blob"; readonly base64: string };

export interface WireStatement {
  readonly sql?: string | null;
  readonly sql_id?: number | null;
  readonly args?: readonly WireValue[];
  readonly named_args?: readonly { readonly name: string; readonly value: WireValue }[];
}

export type WireCondition =
  | { readonly type: "ok" | "error"; readonly step: number }
  | { readonly type: "not"; readonly cond: WireCondition }
  | { readonly type: "and" | "or"; readonly conds: readonly WireCondition[] }
  | { readonly type: "is_autocommit" };

export interface WireBatch {
  readonly steps: readonly { readonly stmt: WireStatement; readonly condition?: WireCondition | null }[];
}

export type WireRequest =
  | { readonly type: "execute"; readonly stmt: WireStatement }
  | { readonly type: "batch"; readonly batch: WireBatch }
  | ({ readonly type: "sequence" | "describe" } & Pick<WireStatement, "sql" | "sql_id">)
  | { readonly type: "store_sql"; readonly sql_id: number; readonly sql: string }
  | { readonly type: "close_sql"; readonly sql_id: number }
  | { readonly type: "get_autocommit" }
  | { readonly type: "close" };

/** Body of a pipeline, or of a cursor. */
export interface WireBody {
  readonly baton?: string | null;
  readonly requests?: readonly WireRequest[];
  readonly batch?: WireBatch;
}

export interface WireColumn {
  readonly name: string;
  readonly decltype: string | null;
}

export interface WireResult {
  readonly cols: readonly WireColumn[];
  readonly rows: readonly (readonly WireValue[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid: string | null;
  readonly replication_index: null;
}

export interface WireError {
  readonly message: string;
  readonly code: string;
  readonly extended_code?: string;
}

export interface WireBatchResult {
  readonly step_results: readonly (WireResult | null)[];
  readonly step_errors: readonly (WireError | null)[];
}

export type WireEntry =
  | { readonly type: "step_begin"; readonly step: number; readonly cols: readonly WireColumn[] }
  | { readonly type: "row"; readonly row: readonly WireValue[] }
  | {
      readonly type: "step_end";
      readonly affected_row_count: number;
      readonly last_insert_rowid: string | number | null;
    }
  | { readonly type: "step_error"; readonly step: number; readonly error: WireError }
  | { readonly type: "error"; readonly error: WireError }
  | { readonly type: "replication_index"; readonly replication_index: null };
