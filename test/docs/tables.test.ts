import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openApiDocument } from '../../src/api/openapi.ts';
import { exitCodeOf } from '../../src/cli/exit.ts';
import { SETTINGS } from '../../src/config/load.ts';
import { PoolError } from '../../src/errors.ts';
import { STATUS } from '../../src/http/errors.ts';
import { pageText, tableRows } from '../support/page.ts';

// The table of errors is compared in test/http/errors.test.ts, that of commands in test/cli/serve.test.ts.

describe('the tables of calls in docs/api.md', () => {
  it('have every endpoint of the OpenAPI document once, and no other', () => {
    const { paths } = openApiDocument('0') as { paths: Record<string, object> };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const documented = [...pageText('docs/api.md').matchAll(/^\| `([A-Z]+ \/[^`]*)` \|/gm)].map(([, call]) => call);
    assert.deepEqual(documented.sort(), served.sort());
  });
});

describe('the tables in docs/settings.md', () => {
  const rows = tableRows('docs/settings.md', 'flag', 'default');
  /** What `serve` takes beside its settings. */
  const OTHERS = ['config', 'cluster'];

  it('have every setting, and no other', () => {
    const flags = rows.flatMap(([cell = '']) => [...cell.matchAll(/--([a-z-]+)/g)].map(([, name]) => name));
    assert.deepEqual(flags.sort(), [...SETTINGS.map(({ name }) => name), ...OTHERS].sort());
  });

  for (const { name, short, kind, fallback } of SETTINGS) {
    it(`show the short form and the default of --${name}`, () => {
      const [flags = '', shown] = rows.find(([cell = '']) => cell.includes(`--${name}\``)) ?? [];
      assert.equal(/-(\w), --/.exec(flags)?.[1], short);
      if (fallback !== undefined) assert.equal(shown, `\`${fallback}\``);
      else if (kind === 'switch') assert.equal(shown, 'off');
      else assert.ok(shown !== undefined && !shown.includes('`'), shown);
    });
  }

  it('have every exit code of the server, and no other', () => {
    const documented = tableRows('docs/settings.md', 'exit code').map(([code]) => Number(code));
    const codes = Object.keys(STATUS) as (keyof typeof STATUS)[];
    const possible = new Set([0, ...codes.map((code) => exitCodeOf(new PoolError(code, '')))]);
    assert.deepEqual(
      documented,
      [...possible].sort((a, b) => a - b),
    );
  });
});
