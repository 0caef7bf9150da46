// What is measured, the same for all: a transaction that changes some rows of 1 kB, spread over the whole table.

export const SETUP = ["CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, filler BLOB)"];
export const FILL =
  "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO item SELECT i, 'item', randomblob(950) FROM n";
export const UPDATE = "UPDATE item SET filler = randomblob(950) WHERE id = ?";

/** Rows for so many megabytes: a page of 4 kB holds four. */
export function rowsFor(megabytes) {
  return megabytes * 1_000;
}

/** What an engine is for the bench: `commit(ids)` changes these rows durably. */
export class Contender {
  #at = 0;

  constructor(megabytes, commit, close) {
    this.count = rowsFor(megabytes);
    this.commit = commit;
    this.close = close;
  }

  /** @returns milliseconds a commit. */
  async round(rows) {
    const ids = () => Array.from({ length: rows }, () => 1 + ((this.#at += 7_919) % this.count));
    await this.commit(ids());
    const start = performance.now();
    let commits = 0;
    while (performance.now() - start < 200 || commits < 2) {
      await this.commit(ids());
      commits++;
    }
    return (performance.now() - start) / commits;
  }
}
