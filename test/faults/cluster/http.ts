import { Agent, request } from 'node:http';

export interface HttpResponse {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: unknown;
}

/** It is unknown whether the request arrived. */
export class NoResponse extends Error {}
/** The request did not arrive: the connection was refused. */
export class NotSent extends Error {}

/** A client with keep-alive connections and a timeout. */
export class Http {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #timeout: number;

  constructor(timeout = 5_000) {
    this.#timeout = timeout;
  }

  /** @throws NoResponse, NotSent */
  ask(url: string, method: string, path: string, payload?: object): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const headers = payload ? { 'content-type': 'application/json' } : {};
      const call = request(`${url}${path}`, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('close', () => {
          clearTimeout(late);
          if (!response.complete) reject(new NoResponse('the response was cut off'));
          else resolve({ status: response.statusCode ?? 0, date: response.headers.date, body: parsed(text) });
        });
        response.on('error', () => undefined); // 'close' follows
      });
      const late = setTimeout(() => call.destroy(new Error('no response before the timeout')), this.#timeout);
      call.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        reject(error.code === 'ECONNREFUSED' ? new NotSent(error.message) : new NoResponse(error.message));
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
