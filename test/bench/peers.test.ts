import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reapedTicks } from './peers/family.ts';
import { parseLoop } from './peers/host-local.ts';
import { parsePerfdhcp } from './peers/perfdhcp.ts';
import { parsePgbench } from './peers/postgres.ts';
import { figuresOf, type Measured, peersTable } from './peers/report.ts';
import { countCalls, kept } from './peers/syncs.ts';
import { asMarkdown } from './table.ts';

// What the programs say and the table; the programs themselves are not here.

const PGBENCH = `pgbench (15.18)
transaction type: allocate.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 2
duration: 1 s
number of transactions actually processed: 3726
number of failed transactions: 0 (0.000%)
latency average = 2.147 ms
initial connection time = 21.330 ms
tps = 3726.210946 (without initial connection time)
`;

const PERFDHCP = (offers: number, acks: number) => `Running: perfdhcp -4 -l lo -r 1000
***Rate statistics***
Rate: 999.377 4-way exchanges/second, expected rate: 1000

***Statistics for: DISCOVER-OFFER***
sent packets: 2999
received packets: ${2999 - offers}
drops: ${offers}
drops ratio: 0 %

***Statistics for: REQUEST-ACK***
sent packets: 2999
received packets: ${2999 - acks}
drops: ${acks}
drops ratio: 0.000 %
`;

describe('bench peers: what the programs say', () => {
  it('reads pgbench', () => {
    assert.deepEqual(parsePgbench(PGBENCH), { transactions: 3726, rate: 3726.210946 });
    assert.throws(() => parsePgbench(PGBENCH.replace('transactions: 0 ', 'transactions: 1 ')));
    assert.throws(() => parsePgbench('connection refused'));
  });

  it('reads perfdhcp, and counts the drops of both exchanges', () => {
    assert.deepEqual(parsePerfdhcp(PERFDHCP(0, 0)), { rate: 999.377, leases: 2999, drops: 0 });
    assert.deepEqual(parsePerfdhcp(PERFDHCP(2, 3)), { rate: 999.377, leases: 2996, drops: 5 });
    assert.throws(() => parsePerfdhcp('Running: perfdhcp'));
  });

  it('reads the count and the CPU of the loop around host-local, without that of the shell', () => {
    const output = '122\n0m9.000000s 0m9.000000s\n1m0.250000s 0m0.500000s\n';
    assert.deepEqual(parseLoop(output), { count: 122, cpuSeconds: 60.75 });
    assert.throws(() => parseLoop('122\n'));
  });

  it('counts writes and syncs in what strace wrote', () => {
    const trace = [
      '12 openat(AT_FDCWD, "/data/10.1.0.2", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644) = 3',
      '12 write(3, "vm-1\\r\\neth0", 10)   = 10',
      '13 pwrite64(4, "fsync(", 6, 0)   = 6',
      '13 +++ exited with 0 +++',
    ];
    assert.deepEqual(countCalls(trace.join('\n')), { writes: 2, syncs: 0 });
    const syncs = [
      '12 fdatasync(3)           = 0',
      '12 fsync(3 <unfinished ...>',
      '12 <... fsync resumed>)   = 0',
      '12 openat(AT_FDCWD, "/data/log", O_WRONLY|O_DSYNC) = 5',
    ];
    assert.deepEqual(countCalls([...trace, ...syncs].join('\n')), { writes: 2, syncs: 3 });
    assert.equal(kept({ writes: 2, syncs: 0 }), 'written, never synced');
    assert.equal(kept({ writes: 0, syncs: 0 }), 'not determined');
  });

  it('finds the times of ended children behind any name', () => {
    const stat = '7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1 0 5';
    assert.equal(reapedTicks(stat), 27);
  });
});

describe('bench peers: the table', () => {
  const measured = (name: string, rates: readonly number[], callers: number | undefined): Measured => ({
    name,
    unit: 'thing',
    keeps: 'on disk',
    note: `${name}: a note.`,
    cases: [{ load: 'one', callers, samples: rates.map((rate) => ({ rate, cpu: 1e6 / rate })) }],
  });
  const options = { rounds: 3, seconds: 3 };
  const ippool = measured('ippool', [100, 200, 300], 1);

  it('divides by what stands next to it in the round', () => {
    const [own, peer, open] = figuresOf(ippool, [measured('a', [50, 50, 50], 1), measured('b', [1, 1, 1], undefined)]);
    assert.deepEqual(peer?.cases[0]?.ratio, { median: 4, min: 2, max: 6 });
    for (const other of [own, open]) assert.ok(Number.isNaN(other?.cases[0]?.ratio.median));
  });

  it('says of each what it keeps and counts, and why one is missing', () => {
    const figures = figuresOf(ippool, [measured('a', [50, 50, 50], 1)]);
    const text = asMarkdown(peersTable(figures, ['Left out: b: no such package'], options));
    assert.match(
      text,
      /^\| a +\| +one \| +thing \| +on disk \| +50\.0 \(50\.0–50\.0\) \| .* 4\.00 \(2\.00–6\.00\) \|$/m,
    );
    assert.match(text, /^Left out: b: no such package$/m);
    assert.match(text, /^a: a note\.$/m);
  });
});
