// @ts-check
// What a start cannot do without: reads the files of a data folder, parses every line, keeps the objects. A line at a
// time: a few million of them are too long for one string.
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder = ''] = process.argv.slice(2);
/** @type {unknown[]} */
const kept = [];
for (const name of readdirSync(folder)) {
  if (!/^(snapshot|journal)-/.test(name)) continue;
  for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
    // A snapshot is one document: its first and last lines are no JSON by themselves, between them are commas.
    if (line.endsWith('[') || line.startsWith(']')) continue;
    kept.push(JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line));
  }
}
process.stdout.write(`${JSON.stringify({ msg: 'ready on', url: '', lines: kept.length })}\n`);
setInterval(() => kept.length, 60_000);
