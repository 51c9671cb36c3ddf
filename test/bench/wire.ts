import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** What a hook would wait for. */
const TIMEOUT_MS = 5_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** From the request to the last byte of the answer. */
  readonly milliseconds: number;
}

/** One keep-alive connection with one request under way at a time, for small answers: adds little of its own to their time. */
export class Wire {
  readonly #socket: Socket;
  readonly #host: string;
  #received = '';
  #sentAt = 0;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setEncoding('latin1').on('data', (text) => this.#receive(text.toString()));
    socket.on('error', (error) => this.#reject(error));
    socket.on('close', () => this.#reject(new Error('the server closed the connection')));
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  }

  static open(url: URL): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Wire(socket, url.host)));
    });
  }

  /** After it has rejected, the connection is of no use. @param path below `/api/v1` */
  ask(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const head = [
      `${method} /api/v1${path} HTTP/1.1`,
      `Host: ${this.#host}`,
      'Accept: */*',
      ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${text.length}`]),
      '\r\n',
    ].join('\r\n');
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#socket.destroyed) {
        reject(new Error('the connection is closed'));
        return;
      }
      this.#sentAt = performance.now();
      this.#socket.write(head + text, 'latin1');
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const bodyStart = headEnd + HEAD_END.length;
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1] ?? 0);
    if (this.#received.length < bodyStart + length) return;
    const answer = { status: Number(this.#received.slice(9, 12)), text: this.#received.slice(bodyStart) };
    this.#received = '';
    this.#resolve({ ...answer, milliseconds: performance.now() - this.#sentAt });
  }
}
