/** One call into the source that is under way; it takes up a place in the pool. */
export interface Step {
  /** When it is given up on. */
  readonly until: number;
  giveUp(reason: unknown): void;
}

/** What becomes of a step; one of `done` and `failed` is called, once. */
export interface StepEnds<T> {
  done(value: T): void;
  failed(error: unknown): void;
  /** It was given up on, and gave a value after all. */
  late?(value: T): void;
  /** Called after one of these, when it was not called within `startStep()`. */
  then(): void;
}

/** Makes a call that may answer at once, later, or never. To stand in `steps` is to be under way. */
export function startStep<T>(
  steps: Set<Step>,
  until: number,
  call: (options: { signal: AbortSignal }) => T | Promise<T>,
  ends: StepEnds<T>,
): void {
  const controller = new AbortController();
  const fail = (error: unknown): void => {
    if (steps.delete(step)) ends.failed(error);
  };
  const step: Step = {
    until,
    giveUp: (reason) => {
      fail(reason);
      controller.abort(reason);
    },
  };
  const succeed = (value: T): void => {
    if (steps.delete(step)) ends.done(value);
    else ends.late?.(value);
  };
  steps.add(step);
  let answer: T | Promise<T>;
  try {
    answer = call({ signal: controller.signal });
  } catch (error) {
    return fail(error);
  }
  if (typeof (answer as Promise<T> | undefined)?.then !== "function") return succeed(answer as T);
  (answer as Promise<T>).then(succeed, fail).then(() => ends.then());
}
