import type { WireError } from "./wire.ts";

/** What a client did against the protocol: the whole HTTP request fails, and its stream is destroyed. */
export class ProtocolFailure extends Error {}

/** The HTTP request fails with this status. */
export class HttpFailure extends Error {
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A statement failed: told in the body of a 200. */
export class StatementFailure extends Error {
  readonly code: string;
  readonly extendedCode: string | undefined;

  constructor(message: string, code: string, extendedCode?: string) {
    super(message);
    this.code = code;
    this.extendedCode = extendedCode;
  }

  /** @param isDetailed - whether the extended code is told. */
  toWire(isDetailed: boolean): WireError {
    const { message, code, extendedCode } = this;
    return isDetailed && extendedCode !== undefined
      ? { message, code, extended_code: extendedCode }
      : { message, code };
  }
}

/** An error of the libsql addon. */
export interface EngineError extends Error {
  readonly code?: string;
  readonly rawCode?: number;
}

/** What the engine said about a statement, in sqld's words and codes. */
export function toStatementFailure(error: unknown, sql: string): unknown {
  const { message } = error as EngineError;
  let { code = "" } = error as EngineError;
  if (!code.startsWith("SQLITE_") && !message.startsWith("cannot store ")) return error;
  const token = /^(?:near|unrecognized token:) "([^]*)"(?:: syntax error)?$/.exec(message)?.[1];
  if (token !== undefined) return inputError(message, sql, token);
  // That of a STRICT table has a code, but none that the addon knows.
  if (message.startsWith("cannot store ")) code = "SQLITE_CONSTRAINT_DATATYPE";
  // The addon does not say where: what SQLite names stands there.
  const named =
    /^(?:no such (?:column|function): |wrong number of arguments to function |(?:table|view|index) (?=.* already exists$))(.*?)(?:\(\)| already exists)?$/.exec(
      message,
    )?.[1];
  if (named !== undefined) return inputError(message, sql, named);
  // sqld tells primary codes only, and a plain SQLITE_ERROR under another name.
  const primary =
    /^SQLITE_(CONSTRAINT|BUSY|LOCKED|READONLY|IOERR)/.exec(code)?.[0] ??
    code.replace(/^SQLITE_ERROR$/, "SQLITE_UNKNOWN");
  return new StatementFailure(`SQLite error: ${message}`, primary, code === primary ? undefined : code);
}

function inputError(message: string, sql: string, named: string): StatementFailure {
  return new StatementFailure(
    `SQL input error: ${message} (at offset ${Math.max(0, sql.indexOf(named))})`,
    "SQL_INPUT_ERROR",
  );
}
