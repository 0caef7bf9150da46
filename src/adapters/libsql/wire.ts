// Hrana over HTTP in JSON, as far as it is spoken here.
// Sources: HRANA_3_SPEC.md of tursodatabase/libsql, serverless/PROTOCOL.md of tursodatabase/turso.

/** What the fetch API is used for; the platform's own fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** No answer may come out of a cache; left out where the platform does not know it. */
  readonly cache?: "no-store";
}

export interface FetchResponse {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

export type WireValue =
  | { readonly type: "null" }
  | { readonly type: "integer"; readonly value: string }
  | { readonly type: "float"; readonly value: number | null }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "blob"; readonly base64: string };

export interface WireStatement {
  readonly sql: string;
  readonly args?: readonly WireValue[];
  readonly named_args?: readonly { readonly name: string; readonly value: WireValue }[];
}

export type WireCondition =
  | { readonly type: "ok"; readonly step: number }
  | { readonly type: "not"; readonly cond: WireCondition }
  | { readonly type: "and" | "or"; readonly conds: readonly WireCondition[] }
  | { readonly type: "is_autocommit" };

export interface WireStep {
  readonly stmt: WireStatement;
  readonly condition?: WireCondition | undefined;
}

export interface WireBatch {
  readonly steps: readonly WireStep[];
  /** A replica waits until it is as fresh. */
  readonly replication_index?: string | undefined;
}

export type WireRequest =
  | { readonly type: "batch"; readonly batch: WireBatch }
  | { readonly type: "get_autocommit" | "close" };

export interface WireResult {
  readonly cols: readonly { readonly name: string | null }[];
  readonly rows: readonly (readonly WireValue[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid?: string | number | null;
}

export interface WireError {
  readonly message: string;
  readonly code?: string | null;
  readonly extended_code?: string | null;
}

/** What one request of a pipeline came to. */
export interface WireResponse {
  readonly error?: WireError;
  readonly response?: {
    readonly is_autocommit?: boolean;
    readonly result?: {
      readonly step_results: readonly (WireResult | null)[];
      readonly step_errors: readonly (WireError | null)[];
      readonly replication_index?: string | number | null;
    };
  };
}

/** Head of every answer: how the stream goes on. */
export interface WireHead {
  readonly baton?: string | null;
  readonly base_url?: string | null;
  readonly stream_ttl_ms?: number | null;
}

export interface WireAnswer extends WireHead {
  readonly results: readonly WireResponse[];
}

/** One line of a cursor. */
export type WireEntry =
  | { readonly type: "step_begin"; readonly cols: WireResult["cols"] }
  | { readonly type: "row"; readonly row: readonly WireValue[] }
  | { readonly type: "step_end" }
  | { readonly type: "replication_index"; readonly replication_index?: string | number | null }
  | { readonly type: "step_error" | "error"; readonly error: WireError };
