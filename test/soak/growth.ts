// Whether something grows: a straight line through what was measured after the first third, by least squares.

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** @returns how much it would grow in an hour, by the slope of all but the warm-up; and in the time that was measured. */
export function growthOf(samples: readonly Sample[]): { readonly total: number; readonly perHour: number } {
  const late = samples.slice(Math.floor(samples.length / 3));
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const [middleMs, middle] = [mean(late.map(({ atMs }) => atMs)), mean(late.map(({ value }) => value))];
  const up = late.reduce((sum, { atMs, value }) => sum + (atMs - middleMs) * (value - middle), 0);
  const across = late.reduce((sum, { atMs }) => sum + (atMs - middleMs) ** 2, 0);
  const perMs = across === 0 ? 0 : up / across;
  return { total: perMs * (late.at(-1)!.atMs - late[0]!.atMs), perHour: perMs * 3_600_000 };
}
