import { errorFields, type Message } from "./messages.ts";

/** Names of an ErrorResponse's fields in the JSON of `POST /sql`, where all but the message may be null. */
const FIELDS = {
  code: "C",
  detail: "D",
  hint: "H",
  position: "P",
  internalPosition: "p",
  internalQuery: "q",
  severity: "S",
  where: "W",
  table: "t",
  column: "c",
  schema: "s",
  dataType: "d",
  constraint: "n",
  file: "F",
  line: "L",
  routine: "R",
};

/** What PostgreSQL refused. */
export class PostgresFailure extends Error {
  readonly fields: Readonly<Record<string, string>>;

  constructor(message: Message) {
    const fields = errorFields(message);
    super(fields["M"]);
    this.fields = fields;
  }

  get code(): string {
    return this.fields["C"] ?? "";
  }
}

/** The HTTP request fails with this status; in the body stands what PostgreSQL told, if it did. */
export class HttpFailure extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The answer of `POST /sql` to a failure. */
export function toAnswer(error: unknown): { readonly status: number; readonly body: Record<string, string | null> } {
  const status = error instanceof HttpFailure ? error.status : error instanceof PostgresFailure ? 400 : 500;
  const { message, cause } = error as Error;
  const told = [error, cause].find((each) => each instanceof PostgresFailure)?.fields ?? {};
  const fields = Object.entries(FIELDS).map(([name, letter]) => [name, told[letter] ?? null]);
  return { status, body: { message, ...(Object.fromEntries(fields) as Record<string, string | null>) } };
}

/** Neon checks passwords itself: its own words, no SQLSTATE, and the same for an endpoint that does not exist. */
export function wrongPassword(user: string): string {
  return `password authentication failed for user '${user}'`;
}
