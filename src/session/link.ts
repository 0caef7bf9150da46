import type { DriverConnection, Flight, MaybePromise, QueryStep, Step, StepOutcome } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import type { Source } from "./source.ts";

/** One physical connection as sessions see it: its driver, and the setup that still has to ride ahead of its next flight. */
export class Link {
  readonly source: Source;
  readonly driver: DriverConnection;
  #setup: QueryStep[] = [];

  constructor(source: Source, driver: DriverConnection) {
    this.source = source;
    this.driver = driver;
  }

  /** Puts statements ahead of the next flight: they cost no round trip, and their failure fails the connection. */
  queue(statements: readonly Statement[]): void {
    for (const statement of statements) this.#setup.push({ ...toStep(statement, "stop"), isSetup: true });
  }

  /** The setup that the next flight will carry. */
  get pendingSetup(): readonly Step[] {
    return this.#setup;
  }

  /**
   * Sends a flight with the pending setup ahead of it.
   *
   * @returns the outcomes of all steps, those of the setup first.
   */
  send(flight: Flight, signal: AbortSignal | undefined): MaybePromise<StepOutcome[]> {
    const setup = this.#setup;
    this.#setup = [];
    return this.driver.send(setup.length === 0 ? flight : { ...flight, steps: [...setup, ...flight.steps] }, signal);
  }
}

export function toStep(statement: Statement, onError: QueryStep["onError"], guarded = false): QueryStep {
  return { kind: "query", statement, onError, guarded };
}

/** The texts of a flight, for events: values stay out. */
export function toTexts(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    step.kind === "query" ? step.statement.text : "name" in step ? `${step.kind} ${step.name}` : step.kind,
  );
}
