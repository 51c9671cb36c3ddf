import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How long after a held request more of its connection is kept; what comes later, such as its cancelling, is lost. */
const KEPT_MS = 300;

/** What was held back of one connection. */
interface Held {
  readonly upstream: Socket;
  readonly bytes: Buffer[];
  readonly until: number;
}

/**
 * A cable to one server, on which one connection can be delayed: the request that carries some text, and what follows it
 * at once, arrive when the test says so, also when the client has gone away meanwhile. Other connections go on.
 */
export class Delay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #texts: readonly string[] = [];
  #onHeld: () => void = () => undefined;
  #held: Held | undefined;

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

  /** Holds back the first request that carries one of these texts, and says so. */
  arm(texts: readonly string[], onHeld: () => void): void {
    this.#texts = texts;
    this.#onHeld = onHeld;
  }

  disarm(): void {
    this.#texts = [];
  }

  /** Lets what was held back arrive. Returns how many bytes that were. */
  letGo(): number {
    const held = this.#held;
    this.#held = undefined;
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
    let held: Held | undefined;
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
        this.#onHeld();
        held = { upstream, bytes: [], until: Date.now() + KEPT_MS };
        this.#held = held;
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
