import { connect } from 'node:net';

export interface RawResponse {
  /** 0 when the connection was closed without a response. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything received, including what follows the first response. Shown when an assertion fails. */
  readonly text: string;
}

export type Bytes = string | Buffer;

/** A server that neither responds nor closes within this time hangs. Node aborts a slow request after 10 s. */
const TIMEOUT_MS = 20_000;

/**
 * Sends bytes exactly as they are, unlike an HTTP client, and reads until the server closes the connection. A string
 * stands for its latin1 bytes.
 *
 * @param end whether to close our side after the bytes; otherwise the server must wait for more or respond at once
 */
export function sendRaw(url: string, bytes: Bytes, { end = false } = {}): Promise<RawResponse> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      // Most clients write everything before they read. A reset in between loses the response for them, and here too.
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, (error) => {
        if (!error) socket.on('data', (chunk) => received.push(chunk));
      });
      if (end) socket.end();
    });
    const late = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `the connection was not closed after ${TIMEOUT_MS} ms of: ${Buffer.concat(received).toString('latin1')}`,
        ),
      );
    }, TIMEOUT_MS);
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(late);
      resolve(parseResponse(Buffer.concat(received).toString('utf8')));
    });
  });
}

/** Parses the first final response, skipping 100 Continue. */
function parseResponse(text: string): RawResponse {
  const final = text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');
  const end = final.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end < 0 ? final : final.slice(0, end)).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const rest = end < 0 ? '' : final.slice(end + 4);
  const length = headers.get('content-length');
  const body = length === undefined ? rest : Buffer.from(rest).subarray(0, Number(length)).toString();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, body, text };
}
