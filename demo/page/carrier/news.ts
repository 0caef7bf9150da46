// What a worker tells the page.

export type Name = "A" | "B";

/** Who was current at a place of the work of `name`; `null`: nobody. */
export interface Look {
  readonly type: "look";
  readonly name: Name;
  readonly place: string;
  readonly seen: Name | null;
}

export type News =
  | Look
  /** `error`: `""` when it was committed. */
  | { readonly type: "end"; readonly name: Name; readonly error: string }
  | { readonly type: "done"; readonly rows: number };
