import { Agent, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: unknown;
}

/** Nobody can say whether the request arrived. */
export class NoAnswer extends Error {}
/** It did not arrive: nobody listened. */
export class NotSent extends Error {}

/** A client that keeps its connections, and does not wait for ever. */
export class Http {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #timeout: number;

  constructor(timeout = 5_000) {
    this.#timeout = timeout;
  }

  /** @throws NoAnswer, NotSent */
  ask(url: string, method: string, path: string, payload?: object): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const headers = payload ? { 'content-type': 'application/json' } : {};
      const call = request(`${url}${path}`, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('close', () => {
          clearTimeout(late);
          if (!response.complete) reject(new NoAnswer('the answer was cut off'));
          else resolve({ status: response.statusCode ?? 0, date: response.headers.date, body: parsed(text) });
        });
        response.on('error', () => undefined); // 'close' follows
      });
      const late = setTimeout(() => call.destroy(new Error('no answer in time')), this.#timeout);
      call.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        reject(error.code === 'ECONNREFUSED' ? new NotSent(error.message) : new NoAnswer(error.message));
      });
      call.end(payload && JSON.stringify(payload));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parsed(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
