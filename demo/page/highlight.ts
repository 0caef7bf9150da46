// Code in parts of one colour each: loaded when the first code is shown.

import { SQLite } from "@codemirror/lang-sql";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/javascript";

const parsers = { typescript: parser.configure({ dialect: "ts" }), sql: SQLite.language.parser };

export type Language = keyof typeof parsers;

export interface CodePart {
  readonly text: string;
  /** `""`: none. */
  readonly classes: string;
}

export function highlight(code: string, language: Language): CodePart[] {
  const parts: CodePart[] = [];
  highlightCode(
    code,
    parsers[language].parse(code),
    classHighlighter,
    (text, classes) => parts.push({ text, classes }),
    () => parts.push({ text: "\n", classes: "" }),
  );
  return parts;
}
