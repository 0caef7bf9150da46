import type { Attributes } from "./api.ts";
import { isPostgres, placeOf } from "./place.ts";
import { describeAll } from "./statement.ts";

/** What spans and metrics say about flights of the same texts in the same pool. */
export interface Description {
  readonly name: string;
  readonly ofSpan: Attributes;
  readonly ofMetric: Attributes;
}

export interface DescriptionOptions {
  readonly system: string | undefined;
  readonly queryText: boolean;
  readonly attributes: Attributes;
}

const MAX_REMEMBERED = 500;
const MAX_LENGTH = 4096;

/** Describes flights; those of few different texts, which are nearly all, are described once. */
export class Descriptions {
  readonly #options: DescriptionOptions;
  readonly #remembered: Map<string, Description> = new Map();

  constructor(options: DescriptionOptions) {
    this.#options = options;
  }

  of(pool: string, statements: readonly string[]): Description {
    const key = `${pool}\0${statements.join("\0")}`;
    let found = this.#remembered.get(key);
    if (found) return found;
    found = this.#describe(pool, statements);
    // Texts that are never the same must not pile up.
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    if (key.length < MAX_LENGTH) this.#remembered.set(key, found);
    return found;
  }

  #describe(pool: string, statements: readonly string[]): Description {
    const { system, queryText, attributes } = this.#options;
    const { summary, operation, collections, size, text } = describeAll(statements, isPostgres(pool));
    const ofMetric = {
      ...placeOf(pool, system),
      ...attributes,
      "db.operation.name": operation,
      "db.query.summary": summary,
      ...(collections.length === 1 && { "db.collection.name": collections[0]! }),
    };
    const ofSpan = {
      ...ofMetric,
      ...(queryText && { "db.query.text": text }),
      ...(size > 1 && { "db.operation.batch.size": size }),
    };
    return { name: summary || operation || "isopool", ofSpan, ofMetric };
  }
}
