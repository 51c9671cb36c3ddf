import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** All that came: what stands behind the first answer, and what a failed assertion shows. */
  readonly text: string;
}

export type Bytes = string | Buffer;

/** A server that neither answers nor closes within this time hangs. Node itself cuts a slow request after 10 s. */
const GIVE_UP_MS = 20_000;

/**
 * Sends bytes as they are, which no HTTP client would, and reads until the server closes. A string stands for its
 * latin1 bytes.
 *
 * @param end whether our side is closed behind the bytes; else the server has to wait for more of them, or says enough
 */
export function sendRaw(url: string, bytes: Bytes, { end = false } = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      // Most clients write all before they read. A reset meanwhile costs them the answer, and here too.
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, (error) => {
        if (!error) socket.on('data', (chunk) => received.push(chunk));
      });
      if (end) socket.end();
    });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after ${GIVE_UP_MS} ms of: ${Buffer.concat(received).toString('latin1')}`));
    }, GIVE_UP_MS);
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(late);
      resolve(parseAnswer(Buffer.concat(received).toString('utf8')));
    });
  });
}

/** Reads the first answer that is final: 100 is not. */
function parseAnswer(text: string): RawAnswer {
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
