import { ApiError, type Client, type ImportResult, type ImportRequest } from '../../client/client.ts';
import type { Command } from '../command.ts';
import { missing } from '../input.ts';
import { type Output, plural } from '../output.ts';
import { startProgress } from '../progress.ts';
import { readImportFile, requestOf, type ImportFile } from '../exchange/import-file.ts';

const EXIT_REFUSED = 1;

export const importing: Command = {
  words: 'import',
  operand: '[file]',
  help: 'Take over networks and allocations from a file: all of it or nothing',
  flags: [
    { name: 'format', short: 'f', kind: 'text', help: 'csv or json, when the name of the file does not say it' },
    { name: 'dry-run', kind: 'switch', help: 'Say what would happen and which rows are refused, and stop there' },
  ],
  examples: ['import netbox_ip_addresses.csv --dry-run', 'import backup.json'],
  creates: true,
  run: async ({ input, out, client }) => {
    const file = input.operand;
    if (file === undefined) throw missing('the file', 'import FILE');
    const format = input.oneOf('format', ['csv', 'json']);
    const onlyDry = input.on('dry-run');
    const sheet = await readImportFile(file, format, Date.now());
    const request = requestOf(sheet);
    const rows = sheet.networks.length + sheet.allocations.length;
    const progress = await startProgress(process.stderr, rows * 2, 'checking ');
    let answer: ImportResult;
    try {
      const service = await client();
      answer = await ask(service, request, true);
      progress.advance(rows, 'importing');
      if (!onlyDry && answer.refused.length === 0) {
        if (!out.isJson) await out.line(planOf(answer, sheet, 'Would import'));
        answer = await ask(service, request, false);
        progress.advance(rows);
      }
    } finally {
      progress.stop();
    }
    return report(out, file, sheet, answer);
  },
};

/** What was refused between the dry run and the import comes as an error. */
async function ask(client: Client, request: ImportRequest, dryRun: boolean): Promise<ImportResult> {
  try {
    return await client.import(request, { dryRun });
  } catch (error) {
    if (error instanceof ApiError && Array.isArray(error.details.refused)) {
      const refused = error.details.refused as ImportResult['refused'];
      return { dry_run: dryRun, networks: 0, allocations: 0, unchanged: 0, refused };
    }
    throw error;
  }
}

async function report(out: Output, file: string, sheet: ImportFile, answer: ImportResult): Promise<number> {
  const refused = answer.refused.map((row) => ({ line: sheet.lines[row.list][row.index] ?? null, ...row }));
  if (out.isJson) await out.json({ ...answer, refused, skipped: sheet.skipped });
  for (const { line, list, index, error, code } of refused) {
    const place = line === null ? `${list}[${index}]` : `line ${line}`;
    process.stderr.write(`${file}: ${place}: ${error} (${code})\n`);
  }
  if (refused.length > 0) {
    process.stderr.write(`ippool: Nothing was imported: ${plural(refused.length, 'row')} refused\n`);
    return EXIT_REFUSED;
  }
  if (!out.isJson) {
    for (const { line, why } of sheet.skipped) await out.line(`Left out line ${line}: ${why}`);
    await out.line(planOf(answer, sheet, answer.dry_run ? 'Would import' : 'Imported'));
  }
  return 0;
}

function planOf({ networks, allocations, unchanged }: ImportResult, { skipped }: ImportFile, verb: string): string {
  const apart = [
    ...(unchanged === 0 ? [] : [`${unchanged} there already`]),
    ...(skipped.length === 0 ? [] : [`${skipped.length} left out`]),
  ];
  const counts = `${plural(networks, 'network')} and ${plural(allocations, 'allocation')}`;
  return `${verb} ${counts}${apart.length === 0 ? '' : ` (${apart.join(', ')})`}`;
}
