import type { Checked } from '../api/validate.ts';
import { PoolError } from '../errors.ts';

/** A body as it was sent, and its value. */
export interface Body {
  readonly raw: string;
  readonly value: unknown;
}

/** Checks the value of a body. @throws PoolError that names the field */
export function checkedBody<T>(body: Body, check: (value: unknown) => Checked<T>): T {
  refuseAmbiguous(body);
  const checked = check(body.value);
  if ('value' in checked) return checked.value;
  const { field, message } = checked.problem;
  throw new PoolError('invalid_request', message, { field });
}

export function tooLarge(limit: number): PoolError {
  return new PoolError('payload_too_large', `The body is larger than ${limit} bytes`, { field: 'body', limit });
}

/** Why a body could not be read, from what the parser threw. */
export function bodyError(error: Error & { status?: number; type?: string }, limit: number): PoolError {
  const { status, type } = error;
  if (status === 413) return tooLarge(limit);
  if (status === 415) {
    return new PoolError('unsupported_media_type', 'Content-Encoding must be identity, gzip or deflate', {
      field: 'Content-Encoding',
    });
  }
  if (type === 'request.aborted') return new PoolError('invalid_request', 'The request was aborted', { field: 'body' });
  return new PoolError('invalid_json', 'The body is not valid JSON', { field: 'body' }, error);
}

/**
 * Refuses what two parsers could understand differently (RFC 8259, sections 4 and 8.1): a member that appears twice, of
 * which JSON.parse takes the last, and bytes that are not UTF-8, which were decoded as U+FFFD.
 */
function refuseAmbiguous({ raw, value }: Body): void {
  if (raw.includes('\ufffd')) throw new PoolError('invalid_json', 'The body is not valid UTF-8', { field: 'body' });
  if (writtenMembers(raw) !== countMembers(value)) {
    throw new PoolError('invalid_json', 'The body names a member twice', { field: 'body' });
  }
}

/** How many members are written in a text that is known to be JSON: one for each string that a colon follows. */
function writtenMembers(json: string): number {
  let count = 0;
  for (let open = json.indexOf('"'); open >= 0;) {
    let close = json.indexOf('"', open + 1);
    while (isEscaped(json, close)) close = json.indexOf('"', close + 1);
    let next = close + 1;
    while (json.charCodeAt(next) <= SPACE) next++;
    if (json.charCodeAt(next) === COLON) count++;
    open = json.indexOf('"', next);
  }
  return count;
}

/** Whether an odd number of backslashes precedes a quote. */
function isEscaped(json: string, quote: number): boolean {
  let first = quote;
  while (json.charCodeAt(first - 1) === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}

const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Without recursion: JSON.parse takes 30,000 levels in 64 KiB, the stack does not. Without Object.values, a list for each
 * of ten thousand requests.
 */
function countMembers(body: unknown): number {
  let count = 0;
  const rest = [body];
  const look = (value: unknown) => {
    if (typeof value === 'object' && value !== null) rest.push(value);
  };
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (Array.isArray(value)) {
      for (const inner of value) look(inner);
      continue;
    }
    for (const name in value as object) {
      count++;
      look((value as Record<string, unknown>)[name]);
    }
  }
  return count;
}
