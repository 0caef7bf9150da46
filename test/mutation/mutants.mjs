// Small changes of a source, one at a time, each of which some test should notice.

import { ts } from "@ts-morph/common";

const { SyntaxKind: Kind } = ts;

const SWAPS = new Map([
  [Kind.LessThanToken, "<="],
  [Kind.LessThanEqualsToken, "<"],
  [Kind.GreaterThanToken, ">="],
  [Kind.GreaterThanEqualsToken, ">"],
  [Kind.EqualsEqualsEqualsToken, "!=="],
  [Kind.ExclamationEqualsEqualsToken, "==="],
  [Kind.AmpersandAmpersandToken, "||"],
  [Kind.BarBarToken, "&&"],
  [Kind.QuestionQuestionToken, "&&"],
  [Kind.PlusToken, "-"],
  [Kind.MinusToken, "+"],
]);

/**
 * @returns all mutants of a file: where, what stands there, and what is put in its place.
 */
export function mutantsOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants = [];
  const add = (node, to) => {
    const start = node.getStart(source);
    const { line } = source.getLineAndCharacterOfPosition(start);
    mutants.push({ file, line: line + 1, start, end: node.getEnd(), from: text.slice(start, node.getEnd()), to });
  };
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const { operatorToken: operator, left, right } = node;
      const isText = [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
      const to = SWAPS.get(operator.kind);
      if (to && !isText) add(operator, to);
    }
    if (ts.isIfStatement(node)) for (const to of ["true", "false"]) add(node.expression, to);
    if (ts.isConditionalExpression(node)) add(node.condition, `!(${node.condition.getText(source)})`);
    if (ts.isExpressionStatement(node) && !text.slice(node.pos, node.end).includes("super(")) add(node, ";");
    if (node.kind === Kind.TrueKeyword) add(node, "false");
    if (node.kind === Kind.FalseKeyword) add(node, "true");
    if (ts.isNumericLiteral(node)) add(node, `(${node.text} + 1)`);
    if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken)
      add(node, node.operand.getText(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}
