// @ts-check
// What a start cannot do without: reads the files of a data folder, parses every line, keeps the objects, as many as the
// heap of Node takes. A line at a time: a few million of them are too long for one string.
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder = ''] = process.argv.slice(2);
let lines = 0;
/** @type {unknown[]} */
const kept = [];
const MOST_KEPT = 4_000_000;
for (const name of readdirSync(folder)) {
  if (!/^(snapshot|journal)-/.test(name)) continue;
  for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
    // A snapshot is one document: its first and last lines are no JSON by themselves, between them are commas.
    if (line.endsWith('[') || line.startsWith(']')) continue;
    const object = JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line);
    kept[lines++ % MOST_KEPT] = object;
  }
}
process.stdout.write(`${JSON.stringify({ msg: 'ready on', url: '', lines })}\n`);
setInterval(() => kept.length, 60_000);
