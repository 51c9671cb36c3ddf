import { Agent, request } from 'node:http';
import { cpuMicroseconds } from './machine.ts';
import type { BenchServer } from './servers.ts';

/** One keep-alive connection to a server, for answers of any size. */
export class Door {
  readonly #server: BenchServer;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(server: BenchServer) {
    this.#server = server;
  }

  async post(path: string, body: object): Promise<void> {
    await this.call('POST', path, JSON.stringify(body));
  }

  async get(path: string): Promise<void> {
    await this.call('GET', path);
  }

  /** Every request of it has to succeed, but for one in a thousand: two random addresses may be one. */
  async bulk(requests: readonly object[]): Promise<void> {
    const text = await this.call('POST', '/allocations/bulk', JSON.stringify({ requests }));
    const { failed } = JSON.parse(text.toString()) as { failed: number };
    if (failed > requests.length / 1000) throw new Error(`${failed} of a bulk failed`);
  }

  /** CPU microseconds of the server while something is done. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = cpuMicroseconds(this.#server.pid);
    await work();
    return cpuMicroseconds(this.#server.pid) - before;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @returns the body. @throws Error for another status than 2xx */
  call(method: string, path: string, body?: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers =
        body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      const call = request(`${this.#server.url}/api/v1${path}`, { method, agent: this.#agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('end', () => {
          const bytes = Buffer.concat(chunks);
          if ((answer.statusCode ?? 500) < 300) resolve(bytes);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${bytes.toString().slice(0, 200)}`));
        });
      });
      call.once('error', reject);
      call.end(body);
    });
  }
}
