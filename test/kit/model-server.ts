export type ModelStep =
  | { readonly kind: "begin" | "commit" | "rollback" }
  | { readonly kind: "savepoint" | "rollback-to" | "release"; readonly name: string }
  | { readonly kind: "query"; readonly row: string };

/** `ends`: it rolls the whole transaction back as it fails, as SQLite does for `OR ROLLBACK`. */
export type Failure = "fails" | "ends";

/**
 * A server with savepoints, and nothing else. After a failed step PostgreSQL takes nothing but a rollback; SQLite goes on. It
 * throws for what a session must never send it.
 */
export class ModelServer {
  readonly stored: string[];
  state: "idle" | "transaction" | "failed" | "closed" = "idle";
  /** Savepoints, outermost first, with the count of rows that were there before them. */
  readonly #marks: { readonly name: string; readonly at: number }[] = [];
  readonly #rows: string[] = [];
  readonly dialect: "sqlite" | "postgres";

  constructor(dialect: "sqlite" | "postgres", stored: string[] = []) {
    this.dialect = dialect;
    this.stored = stored;
  }

  /** What is open, outermost first: `begin`, then the names of the savepoints. */
  get stack(): string[] {
    return this.state === "idle" || this.state === "closed" ? [] : ["begin", ...this.#marks.map(({ name }) => name)];
  }

  /** @returns whether the step was done. */
  run(step: ModelStep, failure?: Failure): boolean {
    if (this.state === "closed") throw new Error(`${step.kind} on a closed connection`);
    const isBack = step.kind === "rollback" || step.kind === "rollback-to";
    if (this.state === "failed" && !isBack) throw new Error(`${step.kind} in a failed transaction`);
    if (failure) this.#fail(failure);
    else this.#do(step);
    return !failure;
  }

  close(): void {
    this.#end("closed");
  }

  /** A new connection to it. */
  open(): void {
    this.#end("idle");
  }

  #fail(failure: Failure): void {
    if (failure === "ends") this.#end("idle");
    else if (this.dialect === "postgres" && this.state === "transaction") this.state = "failed";
  }

  #do(step: ModelStep): void {
    if (step.kind === "query") return void (this.state === "idle" ? this.stored : this.#rows).push(step.row);
    if (step.kind === "begin" ? this.state !== "idle" : this.state === "idle")
      throw new Error(`${step.kind}, and the server is ${this.state}`);
    switch (step.kind) {
      case "begin":
        this.state = "transaction";
        return;
      case "savepoint":
        this.#marks.push({ name: step.name, at: this.#rows.length });
        return;
      case "rollback-to":
      case "release":
        this.#leave(step.kind, step.name);
        return;
      case "commit":
        this.stored.push(...this.#rows);
        this.#end("idle");
        return;
      case "rollback":
        this.#end("idle");
    }
  }

  #leave(kind: "rollback-to" | "release", name: string): void {
    const index = this.#marks.findLastIndex((mark) => mark.name === name);
    if (index < 0) throw new Error(`${kind} ${name}: no such savepoint`);
    if (kind === "rollback-to") {
      this.#rows.length = this.#marks[index]!.at;
      this.state = "transaction";
    }
    this.#marks.length = index + (kind === "rollback-to" ? 1 : 0);
  }

  #end(state: "idle" | "closed"): void {
    this.state = state;
    this.#marks.length = this.#rows.length = 0;
  }
}
