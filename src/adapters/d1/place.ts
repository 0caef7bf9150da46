import type { Company } from "../shared/company.ts";
import type { D1Binding, D1Handle } from "./driver.ts";

/** Where a connection's statements go: to the binding, or to a session of D1's own. */
export class Place {
  readonly #binding: () => D1Binding;
  readonly #constraint: (() => string | undefined) | undefined;
  #session: D1Handle | undefined;
  #inside: D1Handle | undefined;
  /** Rows of `SCHEMA`, as they were last seen. */
  schema: readonly (readonly unknown[])[] | undefined;

  /** Which lone reads share a request. */
  readonly company: Company;
  /** Each write of a transaction is tried when it is asked for. */
  readonly triesWrites: boolean;

  constructor(
    binding: () => D1Binding,
    constraint: (() => string | undefined) | undefined,
    triesWrites: boolean,
    company: Company,
  ) {
    this.company = company;
    this.triesWrites = triesWrites;
    this.#binding = binding;
    this.#constraint = constraint;
  }

  get handle(): D1Handle {
    const binding = this.#binding();
    if (this.#inside) return this.#inside;
    const constraint = this.#session ? undefined : this.#constraint?.();
    if (constraint !== undefined) this.#session = binding.withSession?.(constraint);
    return this.#session ?? binding;
  }

  /** The next one begins with its own constraint. */
  renew(): void {
    this.#session = undefined;
  }

  /** A transaction reads at the primary: what a replica has may be old, and would never be committed on. */
  enter(): void {
    if (this.#constraint) this.#inside = this.#binding().withSession?.("first-primary");
  }

  /** What comes behind a transaction sees what that has done. */
  leave(): void {
    const bookmark = this.#inside?.getBookmark?.();
    this.#inside = undefined;
    if (typeof bookmark === "string") this.#session = this.#binding().withSession?.(bookmark);
  }
}
