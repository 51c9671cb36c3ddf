import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** `vm-` and twelve digits: every body has the same length. */
const BODY_LENGTH = JSON.stringify({ vm_id: vmId(0) }).length;

/** One keep-alive connection with one request under way at a time (no pipelining), each for a VM never seen before. */
export class Client {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #answered: (status: number, milliseconds: number) => void;
  #received = '';
  #sentAt = 0;

  private constructor(socket: Socket, { host, search }: URL, answered: (status: number, milliseconds: number) => void) {
    this.#socket = socket;
    this.#answered = answered;
    // What curl sends.
    this.#head = [
      `POST /api/v1/ip/allocate${search} HTTP/1.1`,
      `Host: ${host}`,
      'User-Agent: ippool-bench',
      'Accept: */*',
      'Content-Type: application/json',
      `Content-Length: ${BODY_LENGTH}`,
      '\r\n',
    ].join('\r\n');
  }

  /** @param answered told of every answer: its status, and the milliseconds from the request to its last byte */
  static open(
    url: URL,
    answered: (client: Client, status: number, milliseconds: number) => void,
    failed: (error: Error) => void,
  ): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: url.hostname,
        port: Number(url.port),
        noDelay: true,
        // One buffer for each connection: a new one for every chunk would cost the load generator more than the rest.
        onread: {
          buffer: Buffer.allocUnsafe(4096),
          callback: (length, bytes) => {
            client.#receive((bytes as Buffer).toString('latin1', 0, length));
            return true;
          },
        },
      });
      const client = new Client(socket, url, (status, milliseconds) => answered(client, status, milliseconds));
      socket.once('error', (error) => {
        reject(error);
        failed(error);
      });
      socket.once('end', () => failed(new Error('the server closed the connection')));
      socket.once('connect', () => resolve(client));
    });
  }

  /** Asks for an address. */
  send(number: number): void {
    this.#sentAt = performance.now();
    this.#socket.write(`${this.#head}{"vm_id":"${vmId(number)}"}`, 'latin1');
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1]);
    if (this.#received.length < headEnd + HEAD_END.length + length) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#answered(status, performance.now() - this.#sentAt);
  }
}

function vmId(number: number): string {
  return `vm-${String(number).padStart(12, '0')}`;
}
