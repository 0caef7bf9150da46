import type { Adapter, AdapterSource, Capabilities, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { failuresOf } from "../shared/failures.ts";
import { CAPABILITIES, checkForWorkerd } from "../sqlite/workerd-adapter.ts";
import { STATELESS, wrong } from "./check.ts";
import { ObjectConnection } from "./connection.ts";
import { NAME, type ObjectStorage } from "./driver.ts";
import { engineOf } from "./engine.ts";
import { split } from "../sqlite/scan.ts";

/** The storage of one object, or of the one whose code runs. */
export class ObjectAdapter implements Adapter {
  readonly name: string = NAME;
  /** Of its Database alone: which object it is, the URL does not say. */
  readonly key: undefined;
  readonly split: typeof split = split;
  // Its sessions take turns, so that one that hangs keeps its own name, and no other's.
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #storage: () => ObjectStorage;
  readonly #timeoutMs: number;

  constructor(storage: () => ObjectStorage, timeoutMs: number, { url }: AdapterSource) {
    if (!/^do:[\w-]*$/i.test(url))
      throw new TypeError("Expected `do:` or `do:<name>` (letters, digits, _ -) as the URL");
    this.#storage = storage;
    this.#timeoutMs = timeoutMs;
  }

  check(statement: Statement, place: StatementPlace): void {
    checkForWorkerd(statement, place, wrong, STATELESS);
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
