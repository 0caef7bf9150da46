import { DbError } from "../../errors.ts";
import { failed, gone, unknown } from "./errors.ts";

/** What an answer other than 200 means for the flight that got it. */
export function toHttpError(status: number, text: string, hadBaton: boolean, token: string | undefined): DbError {
  const { code = "", message } = readBody(text);
  const told = `the server answered ${status}${/^[A-Z_]+$/.test(code) ? ` (${code})` : ""}`;
  // Words of the server's are shown only where they cannot be about statements.
  const words = message && `: ${token ? message.replaceAll(token, "…") : message}`;
  if (
    code.startsWith("STREAM_") ||
    (status === 400 && /invalid baton/.test(text)) ||
    status === 410 ||
    (status === 404 && hadBaton)
  ) {
    // 404 may also be of a database that is there no more: the server's words say which.
    return gone(`the server no longer knows this connection: ${told}${words}`);
  }
  switch (status) {
    case 401:
      return failed("AUTH_FAILED", `${told}${words}: is \`authToken\` right?`);
    case 403:
      return forbidden(told);
    case 404:
    case 405:
      return failed("CONNECT_FAILED", `${told}${words}: is the URL right?`);
    case 413:
      return new DbError("QUERY_FAILED", `${told}: the statements are too large`, {
        kind: "other",
        sql: "",
        dialectCode: "413",
      });
    case 429:
      return new DbError(
        "QUERY_FAILED",
        `${told}: it is overloaded`,
        { kind: "busy", sql: "", dialectCode: "429" },
        { retryable: true },
      );
    default:
      // Also for a baton that was used already: some proxy sent the flight twice.
      return unknown(told);
  }
}

// With a token that may only read, a write fails the whole flight; all that came before it only read.
function forbidden(told: string): DbError {
  const details = { kind: "permission", sql: "", dialectCode: "403" } as const;
  return new DbError("QUERY_FAILED", `${told}: this token may not do that`, details);
}

function readBody(text: string): { readonly code?: string; readonly message: string } {
  try {
    const { code, message, error } = Object(JSON.parse(text)) as { code?: unknown; message?: unknown; error?: unknown };
    const words = typeof message === "string" ? message : typeof error === "string" ? error : "";
    return typeof code === "string" ? { code, message: words } : { message: words };
  } catch {
    return { message: "" };
  }
}
