import Router from '@koa/router';
import type { Context, Next } from 'koa';
import { type BodyOf, type EndpointId, listEndpoints } from '../api/endpoints.ts';
import type { Operations } from '../api/operations/operation.ts';
import { checker } from '../api/validate.ts';
import { bodyReader } from './body.ts';

type RouteContext<Params extends string> = Context & { readonly params: Readonly<Record<Params, string>> };

/** @param body of the request, valid by the schema of the endpoint */
type Handler<Body, Params extends string> = (ctx: RouteContext<Params>, body: Body, next: Next) => unknown;

type ParamsOf<Id extends string> = Id extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamsOf<Rest> : never;

/** A handler for each endpoint of a table: one that is missing does not compile. */
export type Handlers<Table> = { readonly [Id in EndpointId<Table>]: Handler<BodyOf<Table, Id>, ParamsOf<Id>> };

/** Makes the router of a table. Paths are case-sensitive: a VM may be called Stats. */
export function routerOf<Table extends Operations>(table: Table, handlers: Handlers<Table>): Router {
  const router = new Router({ sensitive: true });
  for (const { id, method, path, operation } of listEndpoints(table)) {
    const handle = (handlers as unknown as Readonly<Record<string, Handler<unknown, string>>>)[id];
    if (!handle) throw new Error(`${id} has no handler`);
    const { body, bodyLimit, isBodyOptional = false } = operation;
    const read = body && bodyReader(bodyLimit);
    const check = body && checker(body);
    router.register(path.replaceAll(/\{(\w+)\}/g, ':$1'), [method], async (ctx: Context, next: Next) => {
      const isAbsent = isBodyOptional && isEmpty(ctx);
      await handle(ctx as RouteContext<string>, read && check && !isAbsent ? await read(ctx, check) : undefined, next);
    });
  }
  return router;
}

function isEmpty({ req: { headers } }: Context): boolean {
  return headers['content-length'] === '0' || !('transfer-encoding' in headers || 'content-length' in headers);
}
