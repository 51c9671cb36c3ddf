import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importCycles } from './support/architecture/import-cycles.ts';
import { type ImportTable, misplacedRules, wrongImports } from './support/architecture/import-table.ts';
import { moduleState } from './support/architecture/module-state.ts';
import { outsideAccess } from './support/architecture/outside-access.ts';
import { lineCount, sourcesBelow } from './support/architecture/sources.ts';

/**
 * Who may import what, from the lowest layer to the highest. A folder may import itself and folders above it in the
 * table, never folders below it.
 */
const TABLE: ImportTable = {
  // layer 0
  net: { imports: [] },
  'errors.ts': { imports: [] },
  collections: { imports: [] },
  // layer 1
  pool: { imports: ['net/', 'collections/', 'errors.ts'] },
  api: { imports: ['net/'], packages: ['typebox'] },
  // the machine and its settings
  host: { imports: ['../package.json'], packages: ['pino', 'pino-pretty'], node: '' },
  config: { imports: ['errors.ts', 'net/', 'pool/', 'host/version.ts'], node: '' },
  // layer 2
  store: {
    imports: ['net/', 'collections/', 'pool/', 'errors.ts'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    packagesIn: 'store/etcd/',
    node: 'store/journal/',
  },
  // layer 3
  service: {
    imports: [
      'net/',
      'collections/',
      'pool/',
      'errors.ts',
      'store/store.ts',
      'store/delivered.ts',
      'store/families.ts',
      'store/history.ts',
      'store/position.ts',
      'store/membership.ts',
    ],
    packages: ['async-mutex'],
  },
  // layer 4
  http: {
    imports: ['net/', 'api/', 'service/', 'errors.ts'],
    packages: ['koa', '@koa/router', 'koa-bodyparser', '@hapi/bourne'],
    node: '',
  },
  client: { imports: ['api/'] },
  web: { imports: ['api/'] },
  'etcd-member': { imports: ['errors.ts', 'config/'], node: '' },
  migration: { imports: ['errors.ts', 'pool/', 'store/'], node: '' },
  // the wiring, and layer 5
  compose: {
    imports: [
      ...['net/', 'errors.ts', 'collections/', 'pool/', 'api/', 'host/', 'config/', 'store/', 'service/', 'http/'],
      ...['client/', 'web/', 'etcd-member/', 'migration/'],
    ],
    packages: ['pino'],
    node: '',
  },
  cli: {
    imports: ['client/', 'api/', 'etcd-member/', 'migration/', 'compose/', 'config/', 'host/version.ts', 'errors.ts'],
    packages: ['sade', 'cli-table3', 'picocolors', 'cli-progress', 'csv-parse', 'csv-stringify', 'light-my-request'],
    node: '',
  },
  'main.ts': { imports: ['cli/'] },
};

/** What is passed in as a parameter elsewhere (clock, random source, environment), and the files that may read it. */
const OUTSIDE: ReadonlyMap<string, RegExp> = new Map([
  ['process.env', /^config\/load\.ts$/],
  ['Date.now', /^(compose\/|cli\/)/],
  ['new Date()', /^cli\//],
  ['Math.random', /^compose\//],
  ['performance', /^(http\/|compose\/)/],
  ['console', /^$/],
]);

/** What finds a network or an allocation whoever asks, and the one file of the service that may use it. */
const UNFILTERED: ReadonlyMap<string, RegExp> = new Map([
  ['labelled', /^(pool\/|service\/visibility\.ts$)/],
  ['networksAt', /^(pool\/|service\/(visibility|allocation-id)\.ts$)/],
  ['findById', /^service\/(visibility|allocation-id)\.ts$/],
]);

const MAX_LINES = 250;

/** Files that are still too long. Remove a file from this list with the commit that splits it. */
const TOO_LONG: readonly string[] = [
  'pool/network.ts',
  'store/etcd/membership.ts',
  'store/etcd/plan.ts',
  'store/etcd/store.ts',
  'store/etcd/writer.ts',
];

/** Module state that stays, with the reason. */
const STATE_THAT_STAYS: ReadonlyMap<string, string> = new Map([
  [
    'net/ipv6.ts: memory can be written to',
    'a scratch buffer, written before each read; shifts take 1.5 to 3 times as long',
  ],
]);

/** Module state that still has to go. Remove a line from this list with the commit that removes the state. */
const STATE_LEFT: readonly string[] = [
  'store/etcd/endpoint.ts: OPTIONS can be written to',
  'store/etcd/endpoint.ts: METADATA can be written to',
  'store/etcd/endpoint.ts: LEADER can be written to',
  'store/etcd/failure.ts: REFUSALS can be written to',
  'store/etcd/inspection.ts: HASHES can be written to',
  'store/etcd/pages.ts: [ZERO, A] can be written to',
];

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

  it('has a table in the order of the layers', () => {
    assert.deepEqual(misplacedRules(TABLE), []);
  });

  it('has no upward import', () => {
    assert.deepEqual(
      sources.flatMap((source) => wrongImports(TABLE, source)),
      [],
    );
  });

  it('has no import cycle between files', () => {
    assert.deepEqual(importCycles(sources), []);
  });

  it('passes clock, random source, and environment as parameters', () => {
    assert.deepEqual(
      sources.flatMap((source) => outsideAccess(OUTSIDE, source)),
      [],
    );
  });

  it('finds networks and allocations only through the resolver that filters by scope', () => {
    assert.deepEqual(
      sources.flatMap((source) => outsideAccess(UNFILTERED, source)),
      [],
    );
  });

  it('has no module state', () => {
    const found = moduleState(sources).filter((state) => !STATE_THAT_STAYS.has(state));
    assert.deepEqual(found, STATE_LEFT);
  });

  it('has no file of more than ' + `${MAX_LINES} lines`, () => {
    const long = sources.filter((source) => lineCount(source) > MAX_LINES).map(({ path }) => path);
    assert.deepEqual(long, [...TOO_LONG].sort());
  });
});
