import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** A source file. */
export interface Source {
  /** Relative to the root of the tree, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** All files below a folder with a certain ending, sorted by path. */
export function sourcesBelow(root: string, ending = /\.ts$/): Source[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
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
