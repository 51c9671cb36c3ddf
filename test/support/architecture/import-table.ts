import ts from 'typescript';
import { resolveImport, type Source } from './sources.ts';

interface Rule {
  /** Prefixes of paths below src/; a folder may always import itself. */
  readonly imports: readonly string[];
  readonly packages?: readonly string[];
  /** Prefix of the paths that may import the packages; absent: all paths of the rule. */
  readonly packagesIn?: string;
  /** Prefix of the paths that may import from `node:`; absent: none. */
  readonly node?: string;
}

/** Rules by the first part of a path below src/, from the lowest layer to the highest. */
export type ImportTable = Readonly<Record<string, Rule>>;

/** Rules that permit an import of their own layer or a higher one: they come before what they permit. */
export function misplacedRules(table: ImportTable): string[] {
  const order = Object.keys(table);
  return order.flatMap((part, index) =>
    (table[part]?.imports ?? [])
      .filter((prefix) => !prefix.startsWith('..') && !order.slice(0, index).includes(firstPart(prefix)))
      .map((prefix) => `${part} may import ${prefix}`),
  );
}

/** The imports of a file that the table does not permit, type-only and dynamic imports included. */
export function wrongImports(table: ImportTable, { path, text }: Source): string[] {
  const part = firstPart(path);
  const rule = table[part];
  if (!rule) return [`${path}: ${part} is not in the import table`];
  return ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName }) => {
    if (isAllowed(path, part, rule, fileName)) return [];
    return [`${path} imports ${fileName.startsWith('.') ? resolveImport(path, fileName) : fileName}`];
  });
}

function isAllowed(path: string, part: string, rule: Rule, specifier: string): boolean {
  if (specifier.startsWith('.')) {
    const target = resolveImport(path, specifier);
    if (target.startsWith('..')) return rule.imports.includes(target);
    return target.startsWith(`${part}/`) || rule.imports.some((prefix) => target.startsWith(prefix));
  }
  if (specifier.startsWith('node:')) return rule.node !== undefined && path.startsWith(rule.node);
  if (!path.startsWith(rule.packagesIn ?? '')) return false;
  return (rule.packages ?? []).some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

const firstPart = (path: string): string => path.split('/')[0] ?? '';
