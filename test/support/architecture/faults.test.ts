import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importCycles } from './import-cycles.ts';
import { type ImportTable, misplacedRules, wrongImports } from './import-table.ts';
import { moduleState } from './module-state.ts';
import { outsideAccess } from './outside-access.ts';
import { lineCount, type Source } from './sources.ts';

// The checks of architecture.test.ts find nothing in src/. These tests prove that they would find something.

const TABLE: ImportTable = {
  net: { imports: [] },
  'errors.ts': { imports: [] },
  pool: { imports: ['net/', 'errors.ts'] },
  store: { imports: ['net/', 'pool/'], packages: ['@grpc/grpc-js'], packagesIn: 'store/etcd/', node: 'store/journal/' },
  service: { imports: ['net/', 'pool/', 'store/store.ts'], packages: ['async-mutex'] },
  http: { imports: ['net/', 'service/'], packages: ['koa', 'koa-bodyparser'], node: '' },
};

describe('wrongImports', () => {
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
    { path: 'http/routes/a.ts', text: `import { X } from '../../store/memory.ts';`, found: 'store/memory.ts' },
    { path: 'store/a.ts', text: `import { Client } from '@grpc/grpc-js';`, found: '@grpc/grpc-js' },
    { path: 'service/a.ts', text: `import Koa from 'koa';`, found: 'koa' },
    { path: 'http/a.ts', text: `import { Mutex } from 'async-mutex';`, found: 'async-mutex' },
    { path: 'utils/a.ts', text: '', found: 'utils' },
    { path: 'net/a.ts', text: `import x from '../../test/x.ts';`, found: 'test/x.ts' },
  ];
  for (const { path, text, found } of faults) {
    it(`${path}: ${text || 'a folder that is not in the table'}`, () => {
      const wrong = wrongImports(TABLE, { path, text });
      assert.equal(wrong.length, 1);
      assert.ok(wrong[0]?.includes(found), wrong[0]);
    });
  }

  it('permits what the table permits', () => {
    const text = `import { a } from './b.ts';\nimport { c } from '../../net/c.ts';\nimport { d } from '../../pool/d.ts';
      import { e } from 'node:fs';\n// import { f } from '../../http/f.ts';`;
    assert.deepEqual(wrongImports(TABLE, { path: 'store/journal/a.ts', text }), []);
  });
});

describe('misplacedRules', () => {
  it('finds a rule that permits a higher layer, its own layer by name, or an unknown folder', () => {
    assert.deepEqual(misplacedRules(TABLE), []);
    assert.deepEqual(misplacedRules({ net: { imports: ['pool/'] }, pool: { imports: ['pool/', 'utils/'] } }), [
      'net may import pool/',
      'pool may import pool/',
      'pool may import utils/',
    ]);
  });
});

describe('importCycles', () => {
  const cyclesOf = (files: Readonly<Record<string, string>>) =>
    importCycles(Object.entries(files).map(([path, text]) => ({ path, text })));

  it('finds a cycle of two files in one folder', () => {
    const files = { 'a/x.ts': `import { y } from './y.ts';`, 'a/y.ts': `export { x } from './x.ts';` };
    assert.deepEqual(cyclesOf(files), ['a/x.ts -> a/y.ts -> a/x.ts']);
  });

  it('finds a cycle of type-only imports across folders', () => {
    const files = {
      'a/x.ts': `import type { Y } from '../b/y.ts';`,
      'b/y.ts': `import type { Z } from './c/z.ts';`,
      'b/c/z.ts': `import type { X } from '../../a/x.ts';`,
    };
    assert.deepEqual(cyclesOf(files), ['a/x.ts -> b/y.ts -> b/c/z.ts -> a/x.ts']);
  });

  it('finds a cycle through a dynamic import, and a file that imports itself', () => {
    assert.deepEqual(
      cyclesOf({ 'a.ts': `const b = () => import('./b.ts');`, 'b.ts': `import './a.ts';`, 'c.ts': `import './c.ts';` }),
      ['a.ts -> b.ts -> a.ts', 'c.ts -> c.ts'],
    );
  });

  it('reports a group once, and not what only leads to it', () => {
    const files = {
      'start.ts': `import './a.ts';`,
      'a.ts': `import './b.ts'; import './c.ts';`,
      'b.ts': `import './a.ts';`,
      'c.ts': `import './a.ts'; import './end.ts';`,
      'end.ts': '',
    };
    assert.deepEqual(cyclesOf(files), ['a.ts -> b.ts -> a.ts']);
  });
});

describe('moduleState', () => {
  const TYPES = `interface Fixed { readonly a: number; m(): void }
    interface Loose { a: number }
    type FixedAlias = Readonly<Record<string, number>> | Fixed;
    type LooseAlias = { a: number };`;
  const stateIn = (text: string) =>
    moduleState([
      { path: 'types.ts', text: TYPES },
      { path: 'a.ts', text },
    ]);

  const faults: readonly (readonly [code: string, found: string])[] = [
    ['let n = 0;', 'n can be assigned'],
    ['export let n = 0;', 'n can be assigned'],
    ['var n = 0;', 'n can be assigned'],
    ['const o = { n: 0 };', 'o can be written to'],
    ['const l = [1, 2];', 'l can be written to'],
    ['const l: number[] = [1, 2];', 'l can be written to'],
    ['const o: Record<string, number> = {};', 'o can be written to'],
    ['const o: Loose = { a: 1 };', 'o can be written to'],
    ['const o: LooseAlias = { a: 1 };', 'o can be written to'],
    ['const o: Partial<Loose> = {};', 'o can be written to'],
    ['const o: { readonly a: number; b: number } = { a: 1, b: 2 };', 'o can be written to'],
    ['const o = { n: 0 } satisfies Fixed;', 'o can be written to'],
    ['const m = new Map();', 'm can be written to'],
    ['const m: Map<string, number> = new Map();', 'm can be written to'],
    ['const s = new Set([1]);', 's can be written to'],
    ['const w = new WeakMap();', 'w can be written to'],
    ['const c = new Cache();', 'c can be written to'],
    ['const b = new Uint8Array(9);', 'b can be written to'],
    ['const l = Array.from({ length: 9 });', 'l can be written to'],
    ['const l = LIST.map((x) => x);', 'l can be written to'],
    ['const next = (() => { let n = 0; return () => ++n; })();', 'next can be written to'],
    ['const r = /a/g;', 'r can be written to'],
    [`const r = new RegExp('a', 'y');`, 'r can be written to'],
    ['const o = make(); function f() { o.n = 1; }', 'o is written to'],
    ['const o = make(); function f() { o.n.m++; }', 'o is written to'],
    ['const o = make(); const f = () => delete o[1];', 'o is written to'],
    ['const l = make(); const f = () => l.push(1);', 'l is written to'],
    ['const v = make(); const f = (o) => v.setUint32(0, o);', 'v is written to'],
    ['class A { static n = 0; }', 'n can be assigned'],
    ['class A { static #n = 0; }', '#n can be assigned'],
    ['class A { static readonly m = new Map(); }', 'm can be written to'],
  ];
  for (const [code, found] of faults) {
    it(code, () => assert.deepEqual(stateIn(code), [`a.ts: ${found}`]));
  }

  const sound = [
    `const N = 1; const B = 1n; const T = 'a'; const U = \`\${T}b\`; const M = -1; const K = N * 60;`,
    'const f = () => { let n = 0; const m = new Map(); return [n, m]; };',
    'function f() { let n = 0; return n++; }',
    'const O = { n: 0 } as const; const L = [1] as const; const S = { a: 1 } as const satisfies Loose;',
    'const L: readonly number[] = [1]; const M: ReadonlyMap<string, number> = new Map();',
    'const S: ReadonlySet<number> = new Set([1]); const R: Readonly<Record<string, number>> = {};',
    'const O: Fixed = { a: 1, m() {} }; const P: FixedAlias = {}; const Q: Partial<Fixed> = {};',
    'const F = Object.freeze([1]); const R = /a/i; const X = new RegExp(`^${T}`);',
    'const check = checker(Schema); const Schema = Type.Object({});',
    'const o = make(); function f(o) { o.n = 1; } function g() { const o = {}; o.n = 1; for (const { o } of l) o.n = 1; }',
    'class A { static readonly N = 1; n = 0; readonly m = new Map(); static f() { return 1; } }',
  ];
  for (const code of sound) it(`permits: ${code}`, () => assert.deepEqual(stateIn(code), []));
});

describe('outsideAccess', () => {
  const READERS = new Map([
    ['process.env', /^config\//],
    ['Date.now', /^cli\//],
    ['new Date()', /^cli\//],
    ['Math.random', /^$/],
    ['performance', /^http\//],
  ]);
  const rows: readonly (readonly [count: number, path: string, text: string])[] = [
    [1, 'pool/a.ts', 'const t = Date.now();'],
    [1, 'pool/a.ts', 'const t = new Date();'],
    [1, 'service/a.ts', 'const r = Math.random;'],
    [1, 'net/a.ts', 'const t = performance.now();'],
    [1, 'store/a.ts', 'const e = process.env.HOME;'],
    [1, 'store/a.ts', `const e = process['env'];`],
    [0, 'pool/a.ts', '/** like Math.random */ const t = new Date(0);'],
    [0, 'config/load.ts', 'const e = process.env;'],
  ];
  for (const [count, path, text] of rows) {
    it(`${count === 0 ? 'permits' : 'finds'} ${path}: ${text}`, () => {
      assert.equal(outsideAccess(READERS, { path, text }).length, count);
    });
  }
});

describe('lineCount', () => {
  it('counts as wc -l does', () => {
    const lines = (text: string) => lineCount({ path: 'a.ts', text });
    assert.deepEqual([lines(''), lines('a\n'), lines('a\nb\n'), lines('\n'.repeat(251))], [0, 1, 2, 251]);
  });
});
