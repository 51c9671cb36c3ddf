import { readFileSync } from 'node:fs';

/** The text of a page, by its path in the repository, such as docs/api.md. */
export function pageText(page: string): string {
  return readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
}

/**
 * The body of the table in a page whose header row begins with these words, as rows of cells.
 *
 * @throws Error when the page has no such table
 */
export function tableRows(page: string, ...header: readonly string[]): string[][] {
  const lines = pageText(page).split('\n');
  const start = `| ${header.join(' | ')} |`;
  const first = lines.findIndex((line) => line.startsWith(start));
  if (first < 0) throw new Error(`${page} has no table that begins with ${start}`);
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'));
  return lines.slice(first + 2, first + length).map(cells);
}

/** A `|` in a cell is written `\|`. */
function cells(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/**
 * The blocks of shell in a section of a page, each as its commands, unchanged.
 *
 * @param heading with its marks, such as `## Three nodes`; the section ends at the next heading of any level
 * @throws Error when the page has no such section
 */
export function shellBlocks(page: string, heading: string): string[][] {
  const [, rest] = pageText(page).split(`\n${heading}\n`);
  const own = rest?.split(/\n#{1,6} (?=[A-Z])/)[0];
  if (own === undefined) throw new Error(`${page} has no section ${heading}`);
  return [...own.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );
}
