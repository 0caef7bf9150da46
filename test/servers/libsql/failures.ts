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
  const { message, code = "" } = error as EngineError;
  if (!code.startsWith("SQLITE_")) return error;
  if (/syntax error|incomplete input|unrecognized token/.test(message)) {
    return new StatementFailure(`SQL string could not be parsed: ${message}`, "SQL_PARSE_ERROR");
  }
  const column = /^no such column: (.*)$/.exec(message)?.[1];
  if (column !== undefined) {
    return new StatementFailure(
      `SQL input error: ${message} (at offset ${Math.max(0, sql.indexOf(column))})`,
      "SQL_INPUT_ERROR",
    );
  }
  // sqld tells primary codes only, and a plain SQLITE_ERROR under another name.
  const primary =
    /^SQLITE_(CONSTRAINT|BUSY|LOCKED|READONLY|IOERR)/.exec(code)?.[0] ??
    code.replace(/^SQLITE_ERROR$/, "SQLITE_UNKNOWN");
  return new StatementFailure(`SQLite error: ${message}`, primary, code === primary ? undefined : code);
}
