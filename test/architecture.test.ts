import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// The import table of the house. A folder may import itself and what stands below it, never what stands above.

interface Rule {
  /** Beginnings of paths below src/, the own folder aside; '' is anything. */
  readonly imports: readonly string[];
  readonly packages?: readonly string[];
  /** Beginning of the paths that may import the packages; absent: all may. */
  readonly packagesIn?: string;
  /** Beginning of the paths that may import from node:; absent: none may. */
  readonly node?: string;
}

const TABLE: Readonly<Record<string, Rule>> = {
  net: { imports: [] },
  'errors.ts': { imports: [] },
  collections: { imports: [] },
  pool: { imports: ['net/', 'collections/', 'errors.ts'] },
  api: { imports: ['net/'], packages: ['typebox'] },
  store: {
    imports: ['net/', 'collections/', 'pool/', 'errors.ts'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    packagesIn: 'store/etcd/',
    node: 'store/journal/',
  },
  service: {
    imports: [
      'net/',
      'collections/',
      'pool/',
      'errors.ts',
      'store/store.ts',
      'store/history.ts',
      'store/membership.ts',
    ],
    packages: ['async-mutex'],
  },
  http: {
    imports: ['net/', 'api/', 'service/', 'errors.ts'],
    packages: ['koa', '@koa/router', 'koa-bodyparser', '@hapi/bourne'],
    node: '',
  },
  client: { imports: ['api/'] },
  web: { imports: ['api/'] },
  'etcd-member': { imports: ['errors.ts', 'config/'], node: '' },
  migration: { imports: ['errors.ts', 'pool/', 'store/'], node: '' },
  cli: {
    imports: ['client/', 'api/', 'etcd-member/', 'migration/', 'compose/', 'config/', 'host/version.ts', 'errors.ts'],
    packages: ['sade', 'cli-table3', 'picocolors', 'cli-progress', 'csv-parse', 'csv-stringify', 'light-my-request'],
    node: '',
  },
  compose: { imports: [''], packages: ['pino'], node: '' },
  host: { imports: ['../package.json'], packages: ['pino', 'pino-pretty'], node: '' },
  config: {
    imports: ['errors.ts', 'net/', 'pool/', 'host/version.ts'],
    node: '',
  },
  'main.ts': { imports: ['cli/'] },
};

/** What the world may only reach by a parameter: a clock, chance, the environment. Beside it: who may reach for it. */
const WORLD: ReadonlyMap<string, RegExp> = new Map([
  ['process.env', /^config\/load\.ts$/],
  ['Date.now', /^(compose\/|cli\/)/],
  ['new Date()', /^cli\//],
  ['Math.random', /^compose\//],
  ['performance', /^(http\/|compose\/)/],
  ['console', /^$/],
]);

const MAX_LINES = 300;

interface Source {
  /** Below src/, with slashes. */
  readonly path: string;
  readonly text: string;
}

describe('architecture', () => {
  const sources = sourcesBelow(fileURLToPath(new URL('../src/', import.meta.url)));

  it('finds the sources', () => {
    for (const part of ['net', 'pool', 'api', 'store', 'service', 'http', 'cli']) {
      assert.ok(
        sources.some(({ path }) => path.startsWith(`${part}/`)),
        part,
      );
    }
  });

  it('has no arrow that points up', () => {
    assert.deepEqual(sources.flatMap(badImports), []);
  });

  it('gets clock, chance and environment by parameter', () => {
    assert.deepEqual(sources.flatMap(worldAccess), []);
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = sources.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });
});

describe('architecture, on houses with a fault', () => {
  const faults: readonly (Source & { readonly found: string })[] = [
    { path: 'pool/a.ts', text: `import { x } from '../service/x.ts';`, found: 'service/x.ts' },
    { path: 'net/a.ts', text: `import type { X } from '../pool/x.ts';`, found: 'pool/x.ts' },
    { path: 'net/a.ts', text: `export * from '../pool/x.ts';`, found: 'pool/x.ts' },
    { path: 'net/a.ts', text: `const x = await import('../pool/x.ts');`, found: 'pool/x.ts' },
    { path: 'pool/a.ts', text: `import { readFileSync } from 'node:fs';`, found: 'node:fs' },
    { path: 'pool/a.ts', text: `import { isIPv4 } from 'net';`, found: 'net' },
    { path: 'store/memory.ts', text: `import { open } from 'node:fs/promises';`, found: 'node:fs/promises' },
    { path: 'service/a.ts', text: `import { Journal } from '../store/journal/journal.ts';`, found: 'store/journal' },
    { path: 'http/a.ts', text: `import { Pool } from '../pool/pool.ts';`, found: 'pool/pool.ts' },
    {
      path: 'http/routes/a.ts',
      text: `import { MemoryStore } from '../../store/memory.ts';`,
      found: 'store/memory.ts',
    },
    { path: 'store/a.ts', text: `import { Client } from '@grpc/grpc-js';`, found: '@grpc/grpc-js' },
    { path: 'service/a.ts', text: `import Koa from 'koa';`, found: 'koa' },
    { path: 'http/a.ts', text: `import { pino } from 'pino';`, found: 'pino' },
    { path: 'compose/compose.ts', text: `import sade from 'sade';`, found: 'sade' },
    { path: 'http/a.ts', text: `import { Mutex } from 'async-mutex';`, found: 'async-mutex' },
    { path: 'utils/a.ts', text: '', found: 'utils' },
    { path: 'net/a.ts', text: `import x from '../../test/x.ts';`, found: 'test/x.ts' },
  ];
  for (const { path, text, found } of faults) {
    it(`${path}: ${text || 'a folder that is not in the table'}`, () => {
      const bad = badImports({ path, text });
      assert.equal(bad.length, 1);
      assert.ok(bad[0]?.includes(found), bad[0]);
    });
  }

  it('lets through what is allowed', () => {
    const text = `import { a } from './b.ts';\nimport { c } from '../net/c.ts';\nimport { d } from '../pool/d.ts';
      import { e } from 'node:fs';\n// import { f } from '../http/f.ts';`;
    assert.deepEqual(badImports({ path: 'store/journal/a.ts', text: text.replaceAll("'../", "'../../") }), []);
  });

  it('sees the world in code, and not in comments', () => {
    const world = (path: string, text: string) => worldAccess({ path, text }).length;
    assert.equal(world('pool/a.ts', 'const t = Date.now();'), 1);
    assert.equal(world('pool/a.ts', 'const t = new Date();'), 1);
    assert.equal(world('service/a.ts', 'const r = Math.random;'), 1);
    assert.equal(world('net/a.ts', 'const t = performance.now();'), 1);
    assert.equal(world('store/a.ts', 'const e = process.env.HOME;'), 1);
    assert.equal(world('store/a.ts', `const e = process['env'];`), 1);
    assert.equal(world('pool/a.ts', '/** like Math.random */ const t = new Date(0);'), 0);
    assert.equal(world('config/load.ts', 'const e = process.env;'), 0);
  });
});

function badImports({ path, text }: Source): string[] {
  const part = path.split('/')[0] ?? '';
  const rule = TABLE[part];
  if (!rule) return [`${path}: ${part} is not in the import table`];
  return ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName }) => {
    if (allowed(path, part, rule, fileName)) return [];
    const target = fileName.startsWith('.') ? resolveIn(path, fileName) : fileName;
    return [`${path} imports ${target}`];
  });
}

function allowed(path: string, part: string, rule: Rule, specifier: string): boolean {
  if (specifier.startsWith('.')) {
    const target = resolveIn(path, specifier);
    if (target.startsWith('..')) return rule.imports.includes(target);
    return target.startsWith(`${part}/`) || rule.imports.some((beginning) => target.startsWith(beginning));
  }
  if (specifier.startsWith('node:')) return rule.node !== undefined && path.startsWith(rule.node);
  if (!path.startsWith(rule.packagesIn ?? '')) return false;
  return (rule.packages ?? []).some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

const resolveIn = (path: string, specifier: string) =>
  normalize(join(dirname(path), specifier))
    .split(sep)
    .join('/');

function worldAccess({ path, text }: Source): string[] {
  const found: string[] = [];
  const see = (name: string) => {
    if (WORLD.get(name)?.test(path) === false) found.push(`${path} uses ${name}`);
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

function sourcesBelow(root: string): Source[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }))
    .sort((a, b) => a.path.localeCompare(b.path));
}
