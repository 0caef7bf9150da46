/** Texts, names and comments. */
export const QUOTED: RegExp = /'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|--[^\n]*|\/\*[^]*?(?:\*\/|$)/g;
