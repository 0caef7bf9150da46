import type { Adapter, AdapterSource, Capabilities, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { failuresOf } from "../shared/failures.ts";
import { checkForObject } from "./check.ts";
import { ObjectConnection } from "./connection.ts";
import { NAME, type ObjectStorage } from "./driver.ts";
import { engineOf } from "./engine.ts";

/** The storage of one object, or of the one whose code runs. */
export class ObjectAdapter implements Adapter {
  readonly name: string = NAME;
  /** Of its Database alone: which object it is, the URL does not say. */
  readonly key: undefined;
  readonly capabilities: Capabilities = {
    dialect: "sqlite",
    affinity: "isolate",
    transactions: "interactive",
    savepoints: true,
    streaming: false,
    // Names for the one database that there is. They take turns, so that a session that hangs keeps its own name, and no other's.
    maxConnections: 100,
    placeholder: "?",
    // A stronger level than asked for is what the SQL standard allows.
    isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
    tellsDeath: true,
  };
  readonly #storage: () => ObjectStorage;
  readonly #timeoutMs: number;

  constructor(storage: () => ObjectStorage, timeoutMs: number, { url }: AdapterSource) {
    if (!/^do:[\w-]*$/i.test(url))
      throw new TypeError("Expected `do:` or `do:<name>` (letters, digits, _ -) as the URL");
    this.#storage = storage;
    this.#timeoutMs = timeoutMs;
  }

  check(statement: Statement, place: StatementPlace): void {
    checkForObject(statement, place);
  }

  open({ signal }: OpenOptions): ObjectConnection {
    throwIfAborted(signal);
    const storage = this.#storage() as ObjectStorage | undefined;
    if (typeof storage?.sql?.exec === "function")
      return new ObjectConnection(() => engineOf(this.#storage()), this.#timeoutMs);
    throw failuresOf(NAME).failed(
      "CONNECT_FAILED",
      "the object has no SQL: `storage` should return `ctx.storage`, and its class be in `new_sqlite_classes`",
    );
  }
}
