import type { Context } from 'koa';
import { PoolError } from '../errors.ts';
import { isVrfName, VRF_RULE } from '../net/vrf.ts';

/** A query parameter that stands once; undefined when it is absent. @throws PoolError `invalid_request` */
export function queryText(ctx: Context, name: string): string | undefined {
  if (ctx.querystring === '') return undefined;
  // Not ctx.query, which leaves out everything behind the thousandth parameter.
  const [value, ...more] = new URLSearchParams(ctx.querystring).getAll(name);
  if (more.length === 0) return value;
  throw new PoolError('invalid_request', `${name} is given more than once`, { field: name });
}

/** The name of a VRF; undefined when it is absent. @throws PoolError `invalid_request` */
export function queryVrf(ctx: Context): string | undefined {
  const vrf = queryText(ctx, 'vrf');
  if (vrf === undefined || isVrfName(vrf)) return vrf;
  throw new PoolError('invalid_request', `vrf is invalid: it must be ${VRF_RULE}`, { field: 'vrf' });
}

/** A whole number within bounds; undefined when it is absent. @throws PoolError `invalid_request` */
export function queryInteger(ctx: Context, name: string, min: number, max: number): number | undefined {
  const text = queryText(ctx, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new PoolError('invalid_request', `${name} is invalid: it must be a whole number from ${min} to ${max}`, {
    field: name,
  });
}

/** A parameter that is true or false; false when it is absent. @throws PoolError `invalid_request` */
export function queryFlag(ctx: Context, name: string): boolean {
  const text = queryText(ctx, name);
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw new PoolError('invalid_request', `${name} is invalid: it must be true or false`, { field: name });
}
