import type { Adapter, AdapterSource, Capabilities, OpenOptions, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { Company } from "../shared/company.ts";
import { failuresOf } from "../shared/failures.ts";
import { scan, split } from "../sqlite/scan.ts";
import { CAPABILITIES, checkForWorkerd } from "../sqlite/workerd-adapter.ts";
import { returned } from "./answers.ts";
import { D1Connection } from "./connection.ts";
import type { D1Binding } from "./driver.ts";
import { NAME } from "./errors.ts";
import type { D1Options } from "./index.ts";
import { Place } from "./place.ts";

const STATELESS = "D1 has no connection that could be set: what is set in a request ends with it";

/** One D1 database, by its binding. */
export class D1Adapter implements Adapter {
  readonly name: string = NAME;
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = { ...CAPABILITIES, writesAtCommit: true };
  readonly #binding: () => D1Binding;
  readonly #session: (() => string | undefined) | undefined;
  readonly #triesWrites: boolean;
  readonly #company: Company = new Company((text) => scan(text).isRead);

  constructor(binding: () => D1Binding, { session, tryWrites = false }: D1Options, { url }: AdapterSource) {
    if (!/^d1:[\w-]+$/i.test(url)) throw new TypeError("Expected `d1:<name>` (letters, digits, _ -) as the URL");
    this.key = url;
    this.#binding = binding;
    this.#session = typeof session === "string" ? () => session : session;
    this.#triesWrites = tryWrites;
  }

  check(statement: Statement, place: StatementPlace): void {
    checkForWorkerd(statement, place, wrong, STATELESS);
  }

  readsAs(text: string): "shared" | "alone" | undefined {
    return this.#company.readsAs(text);
  }

  open({ signal }: OpenOptions): D1Connection {
    throwIfAborted(signal);
    const binding = this.#binding() as D1Binding | undefined;
    if (typeof binding?.batch === "function")
      return new D1Connection(new Place(this.#binding, this.#session, this.#triesWrites, this.#company));
    throw failuresOf(NAME).failed(
      "CONNECT_FAILED",
      "`binding` returned no D1 database: is it in the Worker's configuration?",
    );
  }
}

function wrong(sql: string): string | undefined {
  return returned(sql) === Infinity ? "`RETURNING *` stands alone on D1: name the columns instead" : undefined;
}
