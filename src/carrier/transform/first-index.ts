/** In a list whose later entries are all far: the index of the first one that is; `length`, if none is. */
export function firstIndex(length: number, isFar: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFar(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
