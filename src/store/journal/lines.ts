import { createReadStream } from 'node:fs';

const NEWLINE = 0x0a;

/** A line of a file, as bytes: text would hide what is not valid UTF-8, and know other line ends than ours. */
export interface Line {
  /** Where in the file it begins. */
  readonly offset: number;
  /** Without the newline. */
  readonly bytes: Buffer;
  /** False for a last line without a newline. */
  readonly terminated: boolean;
}

/** The lines of a file in order. They end at the byte 0x0a and at nothing else. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const data: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      yield { offset, bytes: data.subarray(start, end), terminated: true };
      offset += end - start + 1;
      start = end + 1;
    }
    rest = data.subarray(start);
  }
  if (rest.length > 0) yield { offset, bytes: rest, terminated: false };
}
