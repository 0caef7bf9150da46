import type { Settings } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { Parsers } from "./parsers.ts";

/** What shapes the sessions of a database. */
export interface SessionConfig {
  readonly setup: readonly Statement[];
  readonly parsers: Parsers;
  readonly idleInTransactionMs: number;
  /** Longest wait for an answer, in milliseconds; 0 = for ever. */
  readonly answerTimeoutMs: number;
  /** Behind a pooler that lends a session for each transaction. */
  readonly isPooled: boolean;
  /** Of the URL, where a session cannot keep them. */
  readonly inherited: Settings;
}
