import type { SERVICE_OPERATIONS } from '../../api/operations/service.ts';
import type { Handlers } from '../endpoints.ts';
import { AllocationRow, type ImportResponse, NetworkRow } from '../../api/imports.ts';
import { type Checked, checker } from '../../api/validate.ts';
import { PoolError } from '../../errors.ts';
import type { Row } from '../../service/imports.ts';
import type { UseCases } from '../../service/use-cases.ts';
import { respondJson } from '../respond.ts';
import { importedOf } from '../allocation-body.ts';
import { cidrField } from '../parse-fields.ts';
import { queryFlag } from '../query.ts';
import { scopeOf } from '../scope.ts';
import { specOf } from './networks.ts';

const checkNetwork = checker(NetworkRow);
const checkAllocation = checker(AllocationRow);

/** The door for what comes from elsewhere: all of it or nothing. */
export function importHandlers({
  imports: intake,
}: UseCases): Handlers<Pick<typeof SERVICE_OPERATIONS, '/api/v1/import'>> {
  return {
    'POST /api/v1/import': async (ctx, body) => {
      const { networks = [], allocations = [] } = body;
      const dryRun = queryFlag(ctx, 'dry_run');
      const taken = await intake.import(
        scopeOf(ctx),
        networks.map((row) =>
          readRow(checkNetwork, row, ({ cidr, ...rest }) => ({ cidr: cidrField('cidr', cidr), ...specOf(rest) })),
        ),
        allocations.map((row) => readRow(checkAllocation, row, importedOf)),
        dryRun,
      );
      const refused = taken.refused.map(({ list, index, error }) => {
        const { field } = error.details;
        return { list, index, field: typeof field === 'string' ? field : '', code: error.code, error: error.message };
      });
      if (refused.length > 0 && !dryRun) {
        const rows = refused.length === 1 ? '1 row is' : `${refused.length} rows are`;
        throw new PoolError('import_refused', `Nothing was imported: ${rows} refused`, { refused });
      }
      respondJson(ctx, 200, { dry_run: dryRun, ...taken, refused } satisfies ImportResponse);
    },
  };
}

function readRow<T, R>(check: (value: unknown) => Checked<T>, row: unknown, read: (row: T) => R): Row<R> {
  const checked = check(row);
  if ('problem' in checked) {
    return new PoolError('invalid_request', checked.problem.message, { field: checked.problem.field });
  }
  try {
    return read(checked.value);
  } catch (error) {
    if (error instanceof PoolError) return error;
    throw error;
  }
}
