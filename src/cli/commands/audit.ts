import type { AuditEntry } from '../../client/client.ts';
import type { Command } from '../command.ts';
import type { Listed } from '../output.ts';

export const audit: Command = {
  words: 'audit',
  help: 'Show every change with its time and its actor; newest first',
  flags: [
    { name: 'limit', short: 'l', kind: 'text', help: 'How many, at most (default 100)' },
    { name: 'since', kind: 'text', help: 'From this time on: RFC 3339, or a date' },
    { name: 'until', kind: 'text', help: 'Before this time' },
    { name: 'action', kind: 'text', help: 'Only this, such as ip_allocated, ip_released, network_added' },
    { name: 'resource', kind: 'text', help: 'Only changes of this address or network' },
  ],
  examples: ['audit -l 20', 'audit --action ip_released --since 2026-01-27'],
  run: async ({ input, out, client }) => {
    const filter = {
      limit: input.whole('limit', 1, 1_000_000),
      since: input.time('since'),
      until: input.time('until'),
      action: input.text('action'),
      resource: input.text('resource'),
    };
    await out.list((await client()).audit(filter), ENTRIES);
    return 0;
  },
};

const ENTRIES: Listed<AuditEntry> = {
  none: 'Nothing found.',
  columns: [
    { head: 'Time', cell: ({ timestamp }) => timestamp },
    { head: 'Action', cell: ({ action }) => action },
    { head: 'Resource', cell: ({ resource }) => resource },
    { head: 'User', cell: ({ user }) => user },
    { head: 'Details', cell: ({ details }) => summary(details) },
  ],
};

function summary(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
