import type { DriverConnection, Settings } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { Bound } from "./values.ts";

/** What a flight is planned for. */
export interface PlanInput {
  readonly state: DriverConnection["state"];
  /** Between two Syncs the session may become another one: each begins with a reset. */
  readonly isPooled: boolean;
  /** Longest time in a transaction without a statement, in milliseconds; 0 = the server's own. */
  readonly idleInTransactionMs: number;
  /** The reset, and what it takes away of the setup; `[]` when it is not due. */
  readonly reset: readonly Statement[];
  /** True: nothing came from the server for a while, and what could not be sent twice waits for its answer to the reset. */
  readonly isDoubtful: boolean;
  /** What has to be asked beside, if anything. */
  readonly question: Bound | undefined;
  /** Local to every transaction, that of a lone statement too. */
  readonly inherited: Settings;
  /** The same, of statements that are outside of a transaction. */
  readonly settings: Settings | undefined;
}
