import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exportedNames, wordsOf } from './support/architecture/names.ts';
import { type Source, sourcesBelow } from './support/architecture/sources.ts';

/** Words that names no longer use, and the words of the field that replace them. A plural counts as its singular. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ...entries('VRF', 'realm'),
  ...entries('tenant', 'customer', 'organisation', 'organization'),
  ...entries('allocation, owner', 'held', 'given', 'holder', 'tenure'),
  ...entries('reservation, exclusion, gateway', 'blocked', 'obstacle'),
  ...entries('lease, expiry', 'ended', 'due'),
  ...entries('cooling, sticky', 'memory', 'memories', 'remember', 'remembered', 'remembering', 'kept', 'superseded'),
  ...entries('free space, free block', 'vacancy', 'vacant', 'usable'),
  ...entries('assignable', 'layout', 'laid'),
  ...entries('catch up, revision', 'missed', 'afterwards', 'hear', 'tell', 'told'),
  ...entries('snapshot, corruption', 'frozen', 'image', 'rot'),
  ...entries('import', 'intake'),
  ...entries('history, audit log', 'chronicle'),
  ...entries('resolve', 'meant', 'asked'),
  ...entries('request, response, route', 'entrance', 'door', 'answer', 'wish', 'wishes'),
  ...entries('listener, subscriber', 'hearer'),
  ...entries('retry, back-off, timeout', 'patience', 'patient', 'patiently'),
]);

function entries(instead: string, ...words: readonly string[]): [string, string][] {
  return words.map((word) => [word, instead]);
}

/** Names that use such a word rightly, with the reason. */
const ALLOWED: ReadonlyMap<string, string> = new Map([
  ['src/store/memory.ts', 'RAM: the store that writes nothing'],
  ['src/store/memory.ts MemoryStore', 'RAM: the store that writes nothing'],
  ['src/api/history.ts Tenure', 'history: the time for which an owner had an address'],
  ['src/api/history.ts TenureList', 'history: the time for which an owner had an address'],
  ['src/service/tenure.ts', 'history: the time for which an owner had an address'],
  ['src/service/tenure.ts tenureOf', 'history: the time for which an owner had an address'],
  ['src/service/tenure.ts currentTenure', 'history: the time for which an owner had an address'],
  ['src/service/tenure.ts Tenure', 'history: the time for which an owner had an address'],
  ['src/service/history.ts Tenure', 'history: the time for which an owner had an address'],
  ['src/compose/cluster-node.ts withImage', 'store/etcd/image.ts, which the shared log replaces'],
  ['src/compose/offline.ts withImage', 'store/etcd/image.ts, which the shared log replaces'],
  ['test/container/image.test.ts', 'the image of the container'],
  ['test/http/ndjson-memory.test.ts', 'RAM: what a long list may take'],
]);

/** Folders without a check, with the reason. */
const EXEMPT: ReadonlyMap<string, string> = new Map([
  ['src/store/etcd/', 'the shared log replaces it'],
  ['test/store/etcd/', 'the shared log replaces it'],
]);

describe('words of names', () => {
  const sources = ['src', 'test'].flatMap((folder) =>
    sourcesBelow(fileURLToPath(new URL(`../${folder}/`, import.meta.url)), /\.(?:ts|mjs)$/).map(({ path, text }) => ({
      path: `${folder}/${path}`,
      text,
    })),
  );
  const found = sources.flatMap(replacedWords);

  it('finds the sources', () => {
    assert.ok(sources.some(({ path }) => path === 'src/main.ts'));
    assert.ok(sources.some(({ path }) => path === 'test/words.test.ts'));
  });

  it('are those of the field', () => {
    const wrong = found.filter((name) => !ALLOWED.has(name));
    assert.deepEqual(wrong, []);
  });

  it('have no exception that is no longer needed', () => {
    assert.deepEqual(
      [...ALLOWED.keys()].filter((name) => !found.includes(name)),
      [],
    );
    const isEmpty = (folder: string) => !sources.some(({ path }) => path.startsWith(folder));
    assert.deepEqual([...EXEMPT.keys()].filter(isEmpty), []);
  });
});

describe('words of names, in a file that uses replaced words', () => {
  const rows: readonly (readonly [path: string, text: string, found: readonly string[]])[] = [
    ['src/pool/layout.ts', '', ['src/pool/layout.ts']],
    ['test/support/held-store.ts', '', ['test/support/held-store.ts']],
    ['src/a.ts', 'export function readAnswer() {}', ['src/a.ts readAnswer']],
    ['src/a.ts', 'export class Hearers {}', ['src/a.ts Hearers']],
    ['src/a.ts', 'export interface Given {}', ['src/a.ts Given']],
    ['src/a.ts', 'export type HTTPWish = 1;', ['src/a.ts HTTPWish']],
    ['src/a.ts', 'export const PATIENCE_MS = 1, ok = 2;', ['src/a.ts PATIENCE_MS']],
    ['src/a.ts', 'export const { told, ok: [meant] } = f();', ['src/a.ts told', 'src/a.ts meant']],
    ['src/a.ts', `export { response as answer } from './b.ts';`, ['src/a.ts answer']],
    ['src/a.ts', `export * as intake from './b.ts';`, ['src/a.ts intake']],
    ['src/a.ts', `export { answer as response } from './b.ts'; export * from './c.ts';`, []],
    [
      'src/a.ts',
      'export default class {} const held = 1; function kept() {} export const skeptic = 1, rotate = 2;',
      [],
    ],
    ['src/a.ts', 'export interface Wire { readonly held: number }', []],
    ['src/store/etcd/missed.ts', 'export const missed = 1;', []],
    ['test/a.ts', 'export const held = 1;', []],
  ];
  for (const [path, text, expected] of rows) {
    it(`${expected.length > 0 ? 'finds' : 'permits'} ${path}: ${text}`, () => {
      assert.deepEqual(replacedWords({ path, text }), expected);
    });
  }
});

/** The path of a file, and `path name` of its exported names (below src/), that have a replaced word. */
function replacedWords(source: Source): string[] {
  const { path } = source;
  if ([...EXEMPT.keys()].some((folder) => path.startsWith(folder))) return [];
  const names = path.startsWith('src/') ? exportedNames(source).filter(hasReplacedWord) : [];
  const isWrongPath = hasReplacedWord(path.replace(/\.\w+$/, ''));
  return [...(isWrongPath ? [path] : []), ...names.map((name) => `${path} ${name}`)].filter(isFirst);
}

function hasReplacedWord(name: string): boolean {
  return wordsOf(name).some((word) => REPLACED.has(word) || REPLACED.has(word.replace(/s$/, '')));
}

/** A type and a value may share a name. */
function isFirst(name: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(name) === index;
}
