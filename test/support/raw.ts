import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** All that came, for the message of a failed assertion. */
  readonly text: string;
}

/** A server that neither answers nor closes within this time hangs. Node itself cuts a slow request after 10 s. */
const GIVE_UP_MS = 15_000;

/**
 * Sends bytes as they are, which no HTTP client would, and reads the first answer. Every request has to say
 * `Connection: close` or be one that ends the connection; the socket is left half open until the server closes it.
 */
export function sendRaw(url: string, chunks: string | Buffer | readonly (string | Buffer)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      for (const chunk of Array.isArray(chunks) ? (chunks as (string | Buffer)[]) : [chunks as string | Buffer]) {
        socket.write(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
      }
    });
    socket.setTimeout(GIVE_UP_MS, () => {
      socket.destroy();
      reject(new Error(`no end of the answer after ${GIVE_UP_MS} ms: ${Buffer.concat(received).toString('latin1')}`));
    });
    socket.on('data', (chunk) => received.push(chunk));
    // A server that refuses a body closes while we still write: what it answered before counts.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(received).toString('utf8'))));
  });
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const rest = end < 0 ? '' : text.slice(end + 4);
  const length = headers.get('content-length');
  const body = length === undefined ? rest : Buffer.from(rest).subarray(0, Number(length)).toString();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, body, text };
}
