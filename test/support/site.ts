import assert from 'node:assert/strict';
import request, { type Response } from 'supertest';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { Network, NetworkStats } from '../../src/api/networks.ts';
import { type AppOptions, createTestApp } from './app.ts';

export const V1 = '/api/v1';

/** A response whose body has this shape; only its status is checked. */
export type TypedResponse<T> = Omit<Response, 'body'> & { readonly body: T };

/** The HTTP API of an application in this process, with shortcuts for what most tests call. */
export async function startSite(options: AppOptions = {}) {
  const app = await createTestApp({ random: seededRandom(), ...options });
  const api = request(app.handler);
  const post = async <T = NetworkAllocation>(path: string, body: object = {}): Promise<TypedResponse<T>> =>
    api.post(V1 + path).send(body);
  const patch = async <T = NetworkAllocation>(path: string, body: object): Promise<TypedResponse<T>> =>
    api.patch(V1 + path).send(body);
  const get = async <T = NetworkAllocation>(path: string): Promise<TypedResponse<T>> => api.get(V1 + path);
  const remove = (path: string) => api.delete(V1 + path);
  return {
    ...app,
    api,
    post,
    patch,
    get,
    remove,
    /** Adds a network. */
    add: async (cidr: string, more: object = {}): Promise<Network> => {
      const answer = await post<Network>('/networks', { cidr, ...more });
      assert.equal(answer.status, 201, answer.text);
      return answer.body;
    },
    /** Allocates an address and checks that it is new. */
    give: async (body: object): Promise<NetworkAllocation> => {
      const answer = await post('/allocations', body);
      assert.equal(answer.status, 201, answer.text);
      return answer.body;
    },
    stats: async (network: string): Promise<NetworkStats> =>
      (await get<NetworkStats>(`/networks/${encodeURIComponent(network)}/stats`)).body,
    /** The addresses in a list. */
    ips: async (query: string): Promise<string[]> => {
      const answer = await get<NetworkAllocation[]>(`/allocations${query}`);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.map(({ ip }) => ip);
    },
  };
}

/** Follows the Link headers to the last page. Returns the addresses of each page. */
export async function pagesOf(site: Awaited<ReturnType<typeof startSite>>, first: string): Promise<string[][]> {
  const found: string[][] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const answer: TypedResponse<NetworkAllocation[]> = await site.get<NetworkAllocation[]>(path);
    assert.equal(answer.status, 200, answer.text);
    found.push(answer.body.map(({ ip }) => ip));
    const link: string | undefined = answer.get('Link');
    path = link === undefined ? undefined : /^<\/api\/v1([^>]+)>; rel="next"$/.exec(link)?.[1];
    assert.equal(path === undefined, link === undefined, link);
  }
  return found;
}

/** A repeatable sequence of pseudo-random numbers in [0, 1) (the LCG of Numerical Recipes). */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
