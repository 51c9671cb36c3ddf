import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A client with one keep-alive connection. The outcome of a call that rejects is unknown: it may have taken effect. */
export class Caller {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  allocate(vm_id: string): Promise<Answer> {
    return this.#call('POST', '/api/v1/ip/allocate', { vm_id });
  }

  release(vm_id: string): Promise<Answer> {
    return this.#call('DELETE', `/api/v1/ip/release/${vm_id}`);
  }

  releaseByIp(ip: string): Promise<Answer> {
    return this.#call('DELETE', `/api/v1/ip/release-by-ip/${ip}`);
  }

  get(path: string): Promise<Answer> {
    return this.#call('GET', path);
  }

  /** Every VM with its address, as listed by the server. */
  async held(): Promise<[vm: string, ip: string][]> {
    const { body } = await this.get('/api/v1/ip/allocations');
    return (body as unknown as { vm_id: string; ip: string }[]).map(({ vm_id, ip }) => [vm_id, ip]);
  }

  close(): void {
    this.#agent.destroy();
  }

  #call(method: string, path: string, payload?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = payload ? { 'content-type': 'application/json' } : {};
      const call = request(`${this.#url}${path}`, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => {
          if (!response.complete) {
            reject(new Error('the response was cut off'));
            return;
          }
          const body = JSON.parse(text) as Record<string, unknown>;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      call.on('error', reject);
      call.end(payload && JSON.stringify(payload));
    });
  }
}
