import { Readable } from 'node:stream';
import type { DispatchFunc } from 'light-my-request';
import type { Fetch } from '../client/client.ts';

const NO_BODY = 204;

type Body = ConstructorParameters<typeof Response>[0];

/** A fetch that hands its requests to an application in this process: no port, no socket. */
export async function fetchOf(handle: DispatchFunc): Promise<Fetch> {
  const { default: inject } = await import('light-my-request');
  return async (url, { method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const answer = await inject(handle, {
      method: method as 'GET',
      url: `${pathname}${search}`,
      headers,
      ...(body === undefined ? {} : { payload: body }),
      payloadAsStream: true,
    });
    const payload = answer.stream();
    payload.once('close', () => answer.raw.res.destroy()); // read to its end, or nobody reads on
    const known = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const { statusCode: status } = answer;
    return new Response(status === NO_BODY ? null : (Readable.toWeb(payload) as Body), { status, headers: known });
  };
}
