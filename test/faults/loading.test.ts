import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolEvent } from '../../src/pool/events.ts';
import { encodeHeader, encodeRecord } from '../../src/store/journal/codec/format.ts';
import { MAIN } from '../support/server.ts';
import { scratch } from './serving.ts';

/** Enough that reading them takes about a second. */
const RECORDS = 100_000;

describe('a server that reads its data folder', () => {
  it('exits at once with 0 on a signal, and changes nothing', async (t) => {
    const journal = longJournal();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const data = scratch(t);
      const file = join(data, 'journal-0.jsonl');
      writeFileSync(file, journal);
      const child = spawn(process.execPath, [MAIN, '--data', data, '--port', '0'], { timeout: 20_000 });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      }
      const closed = once(child, 'close');
      // The folder is locked before it is read.
      while (!existsSync(join(data, 'LOCK')) && child.exitCode === null) await sleep(2);
      child.kill(signal);
      assert.deepEqual(await closed, [0, null], `${signal}: ${output}`);
      assert.equal(output, '', 'it was not ready yet, and logged no error');
      assert.ok(readFileSync(file).equals(journal));
    }
  });
});

function longJournal(): Buffer {
  const origin = { at: 0, actor: 'test', request_id: 'r' };
  const network = { network: 'default', cidr: '10.0.0.0/8', gateway: '10.0.0.1', excluded: [] };
  const { line, crc } = encodeHeader(0, 0, 'now');
  const lines = [line];
  let [end, chain] = [line.length, crc];
  const add = (event: PoolEvent) => {
    const record = encodeRecord(lines.length, event, false, end, chain);
    lines.push(record.line);
    end += record.line.length;
    chain = record.crc;
  };
  add({ type: 'network_added', ...network, strategy: 'round-robin', ...origin });
  while (lines.length <= RECORDS) {
    const n = lines.length;
    const ip = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    add({ type: 'ip_allocated', network: 'default', ip, vm_id: `vm-${n}`, nic: '', ...origin });
  }
  return Buffer.from(lines.join(''));
}
