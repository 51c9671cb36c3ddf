import { type BulkResponse, BulkItem } from '../api/allocations.ts';
import { BULK_LIMIT } from '../api/limits.ts';
import { checker } from '../api/validate.ts';
import { ApiError, type Client } from '../client/client.ts';
import { PoolError } from '../errors.ts';
import { spanOf } from './allocation.ts';
import type { Context } from './command.ts';
import { readImportFile } from './exchange/import-file.ts';
import type { Output } from './output.ts';
import { startProgress } from './progress.ts';

/** Requests of one call: enough that one write to the disk serves many, few enough that a bar moves. */
const SLICE = 500;
const EXIT_REFUSED = 1;

interface Row {
  readonly line: number;
  readonly item: BulkItem;
}

type Outcome = Partial<BulkResponse['results'][number]> & { readonly line: number; readonly refusal?: string };

const check = checker(BulkItem);

/** Asks for what each row of a file wants. Returns 1 when a row was refused; what the others got stays theirs. */
export async function allocateMany({ input, out, client }: Context, file: string): Promise<number> {
  const atomic = input.on('atomic');
  const network = input.text('network') ?? input.text('cidr') ?? 'default';
  const { allocations, lines } = await readImportFile(file, undefined, Date.now());
  if (allocations.length === 0) throw new PoolError('usage', `${file} asks for nothing`, { field: '--from' });
  if (atomic && allocations.length > BULK_LIMIT) {
    throw new PoolError('usage', `${file} has more than ${BULK_LIMIT} rows: too many for --atomic`, {
      field: '--from',
    });
  }
  const rows = allocations.map((item, i) => ({
    line: lines.allocations[i] ?? i + 1,
    item: withNetwork(item, network),
  }));
  const unreadable = rows.flatMap(({ line, item }): Outcome[] => {
    // The service refuses a list as a whole when one of its requests breaks the schema.
    const checked = check(item);
    return 'problem' in checked ? [{ line, refusal: `${checked.problem.message} (invalid_request)` }] : [];
  });
  const bad = new Set(unreadable.map(({ line }) => line));
  const good = rows.filter(({ line }) => !bad.has(line));
  const asked = atomic && bad.size > 0 ? [] : await ask(await client(), good, atomic);
  const outcomes = [...asked, ...unreadable].sort((a, b) => a.line - b.line);
  return report(out, file, outcomes);
}

async function ask(service: Client, rows: readonly Row[], atomic: boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const size = atomic ? rows.length : SLICE;
  const progress = await startProgress(process.stderr, rows.length, 'allocating');
  try {
    for (let i = 0; i < rows.length; i += size) {
      const slice = rows.slice(i, i + size);
      const requests = slice.map(({ item }) => item);
      const { results } = await service.allocations.bulk({ requests, ...(atomic ? { atomic } : {}) });
      outcomes.push(...slice.map(({ line }, at) => ({ line, ...results[at] })));
      progress.advance(slice.length);
    }
  } catch (error) {
    // All or none: the one row that is refused stands for all of them.
    const row = atomic && error instanceof ApiError ? rows[Number(error.details.index)] : undefined;
    if (!row || !(error instanceof ApiError)) throw error;
    return [{ line: row.line, refusal: `${error.message} (${error.code}). Nothing was allocated` }];
  } finally {
    progress.stop();
  }
  return outcomes;
}

async function report(out: Output, file: string, outcomes: readonly Outcome[]): Promise<number> {
  if (out.isJson) await out.json(outcomes);
  else for (const { allocation } of outcomes) if (allocation) await out.line(spanOf(allocation));
  const refused = outcomes.filter(({ allocation }) => !allocation);
  for (const { line, refusal, error } of refused) {
    const why = refusal ?? (error ? `${error.error} (${error.code})` : 'no answer');
    process.stderr.write(`${file}: line ${line}: ${why}\n`);
  }
  return refused.length > 0 ? EXIT_REFUSED : 0;
}

function withNetwork(item: BulkItem, network: string): BulkItem {
  const isNamed = [item.network, item.network_id, item.cidr].some((text) => text !== undefined && text !== null);
  return isNamed ? item : { ...item, network };
}
