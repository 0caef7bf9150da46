import type { Adapter, BeginOptions } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import type { Scope } from "./scope.ts";

/**
 * Refuses what the adapter cannot do, before anything is sent: never a silent autocommit.
 *
 * @throws DbError `TRANSACTION_UNSUPPORTED`
 */
export function refuseUnsupported(
  { name, capabilities }: Adapter,
  { isolationLevel, accessMode }: BeginOptions,
  { kind }: Scope,
): void {
  const { transactions, savepoints, isolationLevels } = capabilities;
  const wanted =
    transactions !== "interactive"
      ? "interactive transactions: use batch([…])"
      : isolationLevel && !isolationLevels.includes(isolationLevel)
        ? `isolation level "${isolationLevel}", only ${isolationLevels.join(", ")}`
        : accessMode && !accessMode.startsWith("read ")
          ? `access mode "${accessMode}"`
          : kind === "nested" && !savepoints && "savepoints";
  if (wanted) throw new DbError("TRANSACTION_UNSUPPORTED", `${name} has no ${wanted}`, { adapter: name, wanted });
}
