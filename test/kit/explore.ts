/** Picks one of `count` ways to go on: a number from 0. */
export type Choose = (count: number) => number;

/** Runs a program once for each way through its choices, in order. @returns how many there are. */
export function explore(run: (choose: Choose) => void): number {
  const choices: { at: number; readonly of: number }[] = [];
  for (let runs = 1; ; runs++) {
    let depth = 0;
    run((of) => {
      if (depth === choices.length) choices.push({ at: 0, of });
      return choices[depth++]!.at;
    });
    while (choices.length > 0 && ++choices.at(-1)!.at === choices.at(-1)!.of) choices.pop();
    if (choices.length === 0) return runs;
  }
}
