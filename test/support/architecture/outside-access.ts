import ts from 'typescript';
import type { Source } from './sources.ts';

/**
 * The places in a file that read something from outside (a clock, a random source, the environment) though the file is
 * not among those that may. Comments and text do not count.
 */
export function outsideAccess(readers: ReadonlyMap<string, RegExp>, { path, text }: Source): string[] {
  const found: string[] = [];
  const see = (name: string) => {
    if (readers.get(name)?.test(path) === false) found.push(`${path} uses ${name}`);
  };
  const walk = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) see(node.getText().replace(/\s/g, ''));
    if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
      see(`${node.expression.getText()}.${node.argumentExpression.text}`);
    }
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) see('new Date()');
    if (ts.isIdentifier(node) && !ts.isImportSpecifier(node.parent)) see(node.text);
    ts.forEachChild(node, walk);
  };
  walk(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true));
  return found;
}
