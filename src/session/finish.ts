import type { MaybePromise } from "../contract/adapter.ts";
import type { RawResult, Statement } from "../contract/statement.ts";
import type { Link } from "./link.ts";

/** Makes a command's answer of its results. */
export type Finish<T> = (
  results: RawResult[],
  link: Link,
  command: { readonly statements: readonly Statement[] },
) => MaybePromise<T>;
