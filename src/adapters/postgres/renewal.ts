import type { Step } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { scan } from "./scan.ts";

const RESET: Statement = { text: "DISCARD ALL" };
const TEMPORARY = /\btemp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?(?:pg_temp\s*\.\s*)?("?)([\w$\x80-\uffff]+)\1/i;

/**
 * What a session's first message begins with when another one had the connection before: a real reset, and what had set the
 * connection up, once more.
 *
 * Of setup and hooks only what lives in the session is repeated: SET, PREPARE, LISTEN, temporary tables and writes to them,
 * and calls by SELECT, DO or CALL, for no text shows what a function leaves. Other tables and rows were made once, and stay.
 */
export class Renewal {
  /** Behind a pooler: each transaction may have a session that others have left. */
  readonly isPooled: boolean;
  #isUsed = false;
  #isDue = false;
  #setup: Statement[] = [];
  /** How much of the setup was there when the transaction began: the rest ends with its rollback. */
  #before = Infinity;
  readonly #temporary: string[] = [];

  constructor(isPooled: boolean) {
    this.isPooled = isPooled;
  }

  /** Another session takes the connection. */
  renew(): void {
    this.#isDue = this.#isUsed;
  }

  /** What must run ahead of anything else; `[]` when the session is as good as new. */
  get reset(): readonly Statement[] {
    if (this.isPooled) return [RESET];
    return this.#isDue ? [RESET, ...this.#setup] : [];
  }

  /** It was carried out. */
  renewed(): void {
    this.#isDue = false;
  }

  /** Something was sent, or may have been. */
  use(): void {
    this.#isUsed = true;
  }

  /** Takes note of a step that was done. */
  note(step: Step): void {
    if (step.kind === "rollback") this.#setup.length = Math.min(this.#setup.length, this.#before);
    if (step.kind === "query" && step.isSetup) this.#remember(step.statement);
    else if (/^(begin|commit|rollback)$/.test(step.kind))
      this.#before = step.kind === "begin" ? this.#setup.length : Infinity;
  }

  #remember(statement: Statement): void {
    const { isRepeatable } = scan(statement.text);
    const [, , name] = TEMPORARY.exec(statement.text) ?? [];
    if (name) this.#temporary.push(name);
    if (isRepeatable || this.#temporary.some((each) => statement.text.includes(each))) this.#setup.push(statement);
  }
}
