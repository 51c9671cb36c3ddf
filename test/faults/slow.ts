import { connect, type Socket } from 'node:net';

/** A connection that sends a request piece by piece, as slow clients do. */
export class SlowCaller {
  readonly #socket: Socket;
  #received = '';
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => (this.#received += text));
    socket.on('error', () => undefined); // visible in what was received
    this.#closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static connect(url: string): Promise<SlowCaller> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => resolve(new SlowCaller(socket)));
      socket.once('error', reject);
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Resolves with everything received as soon as it matches; rejects if the connection is closed before. */
  received(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!pattern.test(this.#received)) return;
        this.#socket.off('data', look);
        resolve(this.#received);
      };
      this.#socket.on('data', look);
      look();
      void this.#closed.then(() => reject(new Error(`closed before ${String(pattern)} came: ${this.#received}`)));
    });
  }

  /** Resolves with everything received when the server has closed the connection. */
  async closed(): Promise<string> {
    await this.#closed;
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }
}
