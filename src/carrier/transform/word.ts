/** Whether a character, by its code, belongs to a name, a keyword or a number. */
export function isWord(char: number): boolean {
  return (
    (char >= 97 && char <= 122) ||
    (char >= 65 && char <= 90) ||
    (char >= 48 && char <= 57) ||
    char > 127 ||
    char === 95 ||
    char === 36
  );
}
