/** @throws TypeError for the first that is no function: the required ones, and the others if they are given. */
export function checkMembers<Name extends string>(
  options: { readonly [Member in Name]?: unknown },
  required: readonly Name[],
  others: readonly Name[],
): void {
  const asked = [...required, ...others.filter((member) => options[member] !== undefined)];
  const wrong = asked.find((member) => typeof options[member] !== "function");
  if (wrong) throw new TypeError(`Expected \`${wrong}\` to be a function, got \`${typeof options[wrong]}\``);
}
