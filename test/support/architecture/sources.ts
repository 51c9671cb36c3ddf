import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** A TypeScript file. */
export interface Source {
  /** Relative to the root of the tree, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below a folder, sorted by path. */
export function sourcesBelow(root: string): Source[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }))
    .sort((a, b) => a.path.localeCompare(b.path));
}

/** The path of a file that another one imports by a relative specifier. */
export const resolveImport = (importer: string, specifier: string): string =>
  normalize(join(dirname(importer), specifier))
    .split(sep)
    .join('/');

/** The number of lines, as `wc -l` counts them. */
export const lineCount = ({ text }: Source): number => text.split('\n').length - 1;
