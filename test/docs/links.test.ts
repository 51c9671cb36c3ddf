import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pageText, tableRows } from '../support/page.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Bytes: a first page that fits on a screen. */
const README_BYTES = 8192;

const below = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(ROOT, path)).isFile());
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...below('docs').filter((path) => isPage(path))];

interface Link {
  /** From the root of the repository. */
  readonly path: string;
  readonly anchor: string | undefined;
}

function isPage(path: string): boolean {
  return path.endsWith('.md');
}

/** The text without code, where brackets and # mean something else. */
function prose(page: string): string {
  return pageText(page)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/(?<!\[)`[^`\n]*`(?!\])/g, '`code`');
}

/** Links and images to files of the repository. */
function linksOf(page: string): Link[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor };
    });
}

/** As web views of a repository make them of headings. */
function anchorsOf(page: string): string[] {
  const text = pageText(page).replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('README.md', () => {
  it(`has at most ${README_BYTES} bytes`, () => {
    const { size } = statSync(join(ROOT, 'README.md'));
    assert.ok(size <= README_BYTES, `${size} bytes`);
  });

  it('leads to every file in docs/', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      if (isPage(page) && existsSync(join(ROOT, page))) for (const { path } of linksOf(page)) reached.add(path);
    }
    assert.deepEqual(
      below('docs').filter((path) => !reached.has(path)),
      [],
    );
  });
});

describe('every link leads to a file, and to a heading of it,', () => {
  for (const page of pages) {
    it(`in ${page}`, () => {
      const broken = linksOf(page).filter(
        ({ path, anchor }) =>
          !existsSync(join(ROOT, path)) ||
          (anchor !== undefined && !(isPage(path) && anchorsOf(path).includes(anchor))),
      );
      assert.deepEqual(broken, []);
    });
  }
});

describe('the table of folders in ARCHITECTURE.md', () => {
  it('has exactly what src/ has', () => {
    const listed = tableRows('ARCHITECTURE.md', 'in `src/`').flatMap(([cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    const entries = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
    const found = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    assert.deepEqual(listed.sort(), found.sort());
  });
});
