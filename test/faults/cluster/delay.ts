import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** For how long bytes after a delayed request are kept. Later bytes of its connection, such as its reset, are lost. */
const KEEP_MS = 300;

/** The delayed bytes of one connection. */
interface Delayed {
  readonly upstream: Socket;
  readonly bytes: Buffer[];
  readonly until: number;
}

/**
 * A cable to one server that can delay one connection: the request that contains a text, and the bytes directly after
 * it, arrive when the test says so, even if the client has gone away. Other connections are not affected.
 */
export class Delay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #texts: readonly string[] = [];
  #onDelayed: () => void = () => undefined;
  #delayed: Delayed | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(host: string, target: URL): Promise<Delay> {
    const server = createServer();
    const delay = new Delay(server);
    server.on('connection', (client) => delay.#join(client, target));
    server.listen(0, host);
    await once(server, 'listening');
    return delay;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** Delays the first request that contains one of these texts, and calls back. */
  arm(texts: readonly string[], onDelayed: () => void): void {
    this.#texts = texts;
    this.#onDelayed = onDelayed;
  }

  disarm(): void {
    this.#texts = [];
  }

  /** Lets the delayed bytes arrive. Returns their number. */
  flush(): number {
    const held = this.#delayed;
    this.#delayed = undefined;
    if (!held || held.upstream.destroyed) return 0;
    const bytes = Buffer.concat(held.bytes);
    held.upstream.write(bytes);
    setTimeout(() => held.upstream.destroy(), 2_000).unref();
    return bytes.length;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, target: URL): void {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    let held: Delayed | undefined;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (!held) (socket === client ? upstream : client).destroy();
      });
    }
    client.on('data', (bytes) => {
      if (!held && this.#texts.some((text) => bytes.includes(text))) {
        this.disarm();
        this.#onDelayed();
        held = { upstream, bytes: [], until: Date.now() + KEEP_MS };
        this.#delayed = held;
      }
      if (!held) upstream.write(bytes);
      else if (Date.now() < held.until) held.bytes.push(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!held) client.write(bytes);
    });
  }
}

export function delays(host: string, urls: readonly string[]): Promise<Delay[]> {
  return Promise.all(urls.map((url) => Delay.open(host, new URL(url))));
}
