import { createServer, connect, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Stands between a store and an etcd, and does to their connections what networks do. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  #mode: 'pass' | 'deaf' | 'held' | 'down' = 'pass';
  /** What a held connection has sent so far. */
  #held: { readonly upstream: Socket; readonly chunk: Buffer }[] = [];
  #isSealed = false;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(t: TestContext, target: string): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => proxy.#stop());
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  }

  pass(): void {
    this.#mode = 'pass';
    this.#isSealed = false;
  }

  /** What is sent arrives, and no answer comes back. */
  deafen(): void {
    this.#mode = 'deaf';
  }

  /** What is sent is kept back, and no answer comes back. */
  hold(): void {
    this.#mode = 'held';
  }

  /** How many bytes are kept back. */
  get kept(): number {
    return this.#held.reduce((sum, { chunk }) => sum + chunk.length, 0);
  }

  /** From now on what is sent is lost: the word that an answer is not wanted any more, too. */
  seal(): void {
    this.#isSealed = true;
  }

  /** What was kept back arrives. */
  release(): void {
    for (const { upstream, chunk } of this.#held) upstream.write(chunk);
    this.#held = [];
  }

  /** Breaks all connections, and takes none. */
  cut(): void {
    this.#mode = 'down';
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#mode === 'down') {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    this.#sockets.add(upstream);
    for (const end of [socket, upstream]) end.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (this.#isSealed) return;
      if (this.#mode === 'held') this.#held.push({ upstream, chunk });
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (this.#mode === 'pass') socket.write(chunk);
    });
    // A connection that was held outlives its client: what it kept back may still arrive.
    socket.on('close', () => {
      if (this.#mode !== 'held') upstream.destroy();
    });
    upstream.on('close', () => socket.destroy());
  }

  #stop(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
