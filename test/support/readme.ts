import { readFileSync } from 'node:fs';

/** The blocks of shell in a section of README.md, each as the commands that stand there, word for word. */
export function shellBlocks(section: string): string[][] {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, rest] = text.split(`\n## ${section}\n`);
  const own = rest?.split('\n## ')[0];
  if (own === undefined) throw new Error(`README.md has no section ${section}`);
  return [...own.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );
}
