import { performance } from 'node:perf_hooks';
import { Http, NoResponse, NotSent } from './http.ts';
import type { Node } from './node.ts';
import type { Answer, Listing, Recorder, Verb } from './record.ts';

/** Codes that guarantee that nothing was done. */
export const REFUSED: ReadonlySet<string> = new Set([
  'conflict',
  'loading',
  'storage_full',
  'address_mismatch',
  'network_not_found',
  'payload_too_large',
]);

/** Responses by their code: how many, and the slowest in milliseconds. */
export type Tally = Map<string, { count: number; slowest: number }>;

/** Calls nodes and records every attempt. */
export class Caller {
  readonly #http: Http;
  readonly #recorder: Recorder;
  readonly tally: Tally = new Map();

  constructor(recorder: Recorder, timeout?: number) {
    this.#recorder = recorder;
    this.#http = new Http(timeout);
  }

  allocate(node: Node, owner: string): Promise<Answer> {
    return this.#ask(node, owner, 'allocate', 'POST', '/api/v1/ip/allocate', { vm_id: owner });
  }

  /** @param only releases this address and no other */
  release(node: Node, owner: string, only?: string): Promise<Answer> {
    const query = only === undefined ? '' : `?ip=${only}`;
    return this.#ask(node, owner, 'release', 'DELETE', `/api/v1/ip/release/${owner}${query}`, undefined, only);
  }

  lookup(node: Node, owner: string): Promise<Answer> {
    return this.#ask(node, owner, 'lookup', 'GET', `/api/v1/ip/${owner}`);
  }

  /** Records everything that a node knows, after it has caught up. */
  async list(node: Node): Promise<void> {
    await this.#recorder.list(node.name, async () => {
      // A lookup waits until the node has seen everything committed before it.
      await this.#http.ask(node.url, 'GET', '/api/v1/ip/nobody');
      const { body } = await this.#http.ask(node.url, 'GET', '/api/v1/ip/allocations');
      return (body as { vm_id: string; ip: string }[]).map(({ vm_id, ip }): Listing['held'][number] => [vm_id, ip]);
    });
  }

  /** The clock of a node, in milliseconds since 1970. */
  async clock(node: Node): Promise<number> {
    const { date = '' } = await this.#http.ask(node.url, 'GET', '/api/v1/ip/nobody');
    return Date.parse(date);
  }

  close(): void {
    this.#http.close();
  }

  #ask(
    node: Node,
    owner: string,
    verb: Verb,
    method: string,
    path: string,
    payload?: object,
    only?: string,
  ): Promise<Answer> {
    const call = async (): Promise<Answer> => {
      const began = performance.now();
      let code = 'no answer';
      try {
        const { status, body } = await this.#http.ask(node.url, method, path, payload);
        const fields = body as { code?: string; ip?: string };
        code = fields.code ?? 'ok';
        return meaning(status, code, fields.ip);
      } catch (error) {
        if (error instanceof NoResponse) return { outcome: 'unknown' };
        if (!(error instanceof NotSent)) throw error;
        code = 'not sent';
        return { outcome: 'refused' };
      } finally {
        this.#count(code, performance.now() - began);
      }
    };
    return this.#recorder.note(owner, verb, call, { only, where: node.name });
  }

  #count(code: string, ms: number): void {
    const { count, slowest } = this.tally.get(code) ?? { count: 0, slowest: 0 };
    this.tally.set(code, { count: count + 1, slowest: Math.max(slowest, ms) });
  }
}

function meaning(status: number, code: string, ip: string | undefined): Answer {
  if (status < 300) return { outcome: 'done', ip };
  if (code === 'allocation_not_found') return { outcome: 'done' };
  if (code === 'pool_exhausted') return { outcome: 'exhausted' };
  if (REFUSED.has(code)) return { outcome: 'refused' };
  // Also for store_unavailable: what was in flight to etcd may have taken effect.
  if (status >= 500) return { outcome: 'unknown' };
  throw new Error(`no request here may get the response ${status} ${code}`);
}
