import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from 'koa';
import { beginResponse } from './answer.ts';

export const LINES_TYPE = 'application/x-ndjson';

/** What stands around the entries of a list: before all, between two, behind each, behind all. */
export interface Form {
  readonly type: string;
  readonly open: string;
  readonly between: string;
  readonly end: string;
  readonly close: string;
}

export const ARRAY: Form = { type: 'application/json', open: '[', between: ',', end: '', close: ']' };
/** An object a line, and nothing behind the last one: https://github.com/ndjson/ndjson-spec */
export const LINES: Form = { type: LINES_TYPE, open: '', between: '', end: '\n', close: '' };

/** Written at once: some eighty entries, about a millisecond of work. */
const CHARACTERS = 32 * 1024;

/**
 * Answers with a list of any length, written as fast as it is read: about two slices of it are in memory at any time. Ends
 * at once when the reader goes away.
 *
 * @throws what the slices throw: before the answer has begun as any error, later it has to be broken off
 */
export async function respondStream<T>(
  ctx: Context,
  form: Form,
  slices: AsyncGenerator<T[]>,
  view: (entry: T) => object,
): Promise<void> {
  const { res } = ctx;
  // As late as can be: what goes wrong before has an answer of its own.
  const begin = () => {
    if (!res.headersSent) beginResponse(ctx, 200, { 'Content-Type': `${form.type}; charset=utf-8` });
  };
  let text = form.open;
  let between = '';
  for await (const slice of slices) {
    for (const entry of slice) {
      text += between + JSON.stringify(view(entry)) + form.end;
      between = form.between;
      if (text.length < CHARACTERS) continue;
      begin();
      await write(res, text);
      text = '';
      if (res.destroyed) return;
    }
    if (res.destroyed || (ctx.method === 'HEAD' && slice.length > 0)) break;
  }
  begin();
  res.end(text + form.close);
}

/** Resolves when there is room for more, and others have had their turn; or when nobody reads any more. */
async function write(res: ServerResponse, text: string): Promise<void> {
  if (!res.write(text) && !res.destroyed) {
    await new Promise<void>((resolve) => {
      const go = () => {
        res.off('drain', go).off('close', go);
        resolve();
      };
      res.on('drain', go).on('close', go);
    });
  }
  await turn();
}
