// The editor: CodeMirror. It lives in a shadow root, because there its styles are adopted style sheets,
// which the page's policy allows, and in the page itself they would be inline ones, which it refuses.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  type CompletionContext,
  completionKeymap,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { sql, SQLite, type SQLNamespace } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, Prec, type Extension, type Range, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  placeholder,
  type DecorationSet,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { namedTables } from "../sql/names.ts";

const setMark = StateEffect.define<{ from: number; to: number } | undefined>();

/** What an error points at; gone with the next change. */
const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    const effect = transaction.effects.find((candidate) => candidate.is(setMark));
    if (effect) return Decoration.set(toRanges(effect.value));
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function toRanges(mark: { from: number; to: number } | undefined): Range<Decoration>[] {
  return mark ? [Decoration.mark({ class: "sql-error" }).range(mark.from, mark.to)] : [];
}

export class SqlEditor extends HTMLElement {
  readonly #schema = new Compartment();
  readonly #view: EditorView;
  /** The text that came out of the history, while it is as it came. */
  recalled: string | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    this.#view = new EditorView({ root, parent: root, state: EditorState.create({ extensions: this.#extensions() }) });
  }

  get value(): string {
    return this.#view.state.doc.toString();
  }

  set value(text: string) {
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor: text.length },
    });
  }

  /** What is selected, and where it begins; the whole text when nothing is. */
  get chosen(): { text: string; start: number } {
    const { from, to, empty } = this.#view.state.selection.main;
    return empty ? { text: this.value, start: 0 } : { text: this.#view.state.sliceDoc(from, to), start: from };
  }

  /** Names to complete: columns by table. */
  set schema(schema: Record<string, string[]>) {
    const columns = SQLite.language.data.of({ autocomplete: columnsNear(schema) });
    const support = sql({ dialect: SQLite, schema: schema satisfies SQLNamespace });
    this.#view.dispatch({ effects: this.#schema.reconfigure([support, columns]) });
  }

  override focus(): void {
    this.#view.focus();
  }

  /** Underlines the place of an error and brings it into view; `undefined` takes the line away. */
  mark(range: { from: number; to: number } | undefined): void {
    const effects: StateEffect<unknown>[] = [setMark.of(range)];
    if (range) effects.push(EditorView.scrollIntoView(range.from));
    this.#view.dispatch({ effects });
  }

  /** Line and column of an offset, both from 1. */
  place(offset: number): { line: number; column: number } {
    const line = this.#view.state.doc.lineAt(Math.min(offset, this.#view.state.doc.length));
    return { line: line.number, column: offset - line.from + 1 };
  }

  #extensions(): Extension[] {
    const tell = (type: string) => (): boolean => this.dispatchEvent(new Event(type)) || true;
    const isAtStart = (view: EditorView): boolean => view.state.selection.main.head === 0;
    const isIdle = (view: EditorView): boolean =>
      view.state.doc.length === 0 || view.state.doc.toString() === this.recalled;
    const isAtEnd = (view: EditorView): boolean => view.state.selection.main.head === view.state.doc.length;
    return [
      // No binding for Tab except to accept a completion: it must lead out of the editor.
      Prec.highest(
        keymap.of([
          { key: "Mod-Enter", run: tell("run") },
          { key: "Alt-ArrowUp", run: tell("older") },
          { key: "Alt-ArrowDown", run: tell("newer") },
        ]),
      ),
      keymap.of([
        ...completionKeymap,
        { key: "Tab", run: acceptCompletion },
        // Where there is text of one's own, an arrow at its end must not put another in its place.
        { key: "ArrowUp", run: (view) => isIdle(view) && isAtStart(view) && tell("older")() },
        { key: "ArrowDown", run: (view) => isIdle(view) && isAtEnd(view) && tell("newer")() },
        ...historyKeymap,
        ...defaultKeymap,
      ]),
      lineNumbers(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: false }),
      EditorView.lineWrapping,
      placeholder("select * from …"),
      EditorView.contentAttributes.of({ "aria-label": "SQL" }),
      replaceByHand,
      markField,
      EditorView.updateListener.of(({ docChanged }) => docChanged && this.dispatchEvent(new Event("change"))),
      this.#schema.of(sql({ dialect: SQLite })),
      syntaxHighlighting(colours),
      theme,
    ];
  }
}

// Where typing replaces a selection, Chromium keeps the look of what was there by a style attribute; the policy refuses
// that, and the console fills with complaints. So it is done here, and Chromium finds nothing to do.
const replaceByHand = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || event.isComposing || event.data === null || empty) return false;
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    event.preventDefault();
    return true;
  },
});

/** Columns of the tables that the statement names, without their table before them. */
function columnsNear(schema: Record<string, string[]>) {
  const known = new Map(Object.entries(schema).map(([name, columns]) => [name.toLowerCase(), { name, columns }]));
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w$]+/);
    if (!word || context.state.sliceDoc(word.from - 1, word.from) === ".") return null;
    const named = namedTables(context.state.doc.toString(), context.pos);
    const options = named.flatMap((table) => {
      const { name, columns } = known.get(table) ?? { name: table, columns: [] };
      return columns.map((label) => ({ label, type: "property", detail: name, boost: 1 }));
    });
    return options.length === 0 ? null : { from: word.from, options, validFor: /^[\w$]*$/ };
  };
}

// The page's own variables reach into the shadow root.
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--ink-soft)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--code-name)" },
]);

const theme = EditorView.theme({
  "&": { fontSize: "14px", color: "var(--ink)", backgroundColor: "var(--field)", borderRadius: "var(--radius)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--mono)",
    fontVariantLigatures: "none",
    lineHeight: "1.6",
    minHeight: "9.6em",
    maxHeight: "45vh",
  },
  ".cm-content": { padding: "10px 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-faint)", border: "none", paddingLeft: "6px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-placeholder": { color: "var(--ink-faint)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)" },
  ".sql-error": {
    textDecoration: "underline wavy var(--bad) 1.5px",
    textUnderlineOffset: "4px",
    backgroundColor: "var(--bad-soft)",
  },
  ".cm-tooltip": { border: "1px solid var(--line)", backgroundColor: "var(--card)", color: "var(--ink)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { fontFamily: "var(--mono)", padding: "2px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
});

customElements.define("sql-editor", SqlEditor);
