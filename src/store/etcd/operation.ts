import type { KeyRange } from './keys.ts';
import type { Compare, RequestOp } from './messages.ts';

// The few forms of comparison and operation that ippool uses.

/** A range in etcd's words. */
export const within = ({ from, to }: KeyRange) => ({ key: from, range_end: to });
export const at = (key: string) => ({ key });

/** Nobody has the key. */
export function isAbsent(key: string): Compare {
  return { target: 'CREATE', result: 'EQUAL', key, create_revision: 0 };
}

export function isPresent(key: string): Compare {
  return { target: 'CREATE', result: 'GREATER', key, create_revision: 0 };
}

/** Not put since a revision: what was seen then is what is there, if anything is. */
export function isUnchanged(key: string, since: number): Compare {
  return { target: 'MOD', result: 'LESS', key, mod_revision: since + 1 };
}

/** None of the keys that are there has been put since a revision. */
export function areUnchanged(range: KeyRange, since: number): Compare {
  return { target: 'MOD', result: 'LESS', ...within(range), mod_revision: since + 1 };
}

export function hasValue(key: string, value: string): Compare {
  return { target: 'VALUE', result: 'EQUAL', key, value };
}

export function isAtRevision(key: string, revision: number): Compare {
  return { target: 'MOD', result: 'EQUAL', key, mod_revision: revision };
}

export function put(key: string, value: string): RequestOp {
  return { request_put: { key, value } };
}

export function remove(key: string): RequestOp {
  return { request_delete_range: at(key) };
}

export function removeAll(range: KeyRange): RequestOp {
  return { request_delete_range: within(range) };
}

export function read(key: string): RequestOp {
  return { request_range: at(key) };
}
