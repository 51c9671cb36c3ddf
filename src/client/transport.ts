import type { ErrorBody } from '../api/schema.ts';
import { ApiError, Unreachable } from './errors.ts';

/** What the client needs of `fetch`; an application in the same process can stand behind it too. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Call {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ClientOptions {
  /** Such as http://127.0.0.1:8080 */
  readonly server: string;
  /** Who is asking, for the audit: 1 to 128 printable ASCII characters. */
  readonly actor?: string | undefined;
  readonly fetch?: Fetch | undefined;
  /** Milliseconds until a call counts as unanswered; of a stream, until more of it has to come. */
  readonly timeout?: number;
}

/** What JSON holds: believed to be what the schemas of src/api say. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

/** Longer than a bulk of 10,000 takes on a slow disk. */
const TIMEOUT_MS = 120_000;
const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';

/** Sends one call at a time and reads its answer. Repeats nothing. */
export class Transport {
  readonly server: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;
  readonly #timeout: number;

  constructor({ server, actor, fetch: send = fetch, timeout = TIMEOUT_MS }: ClientOptions) {
    this.server = server.replace(/\/+$/, '');
    this.#headers = actor === undefined ? {} : { 'X-Actor': actor };
    this.#fetch = send;
    this.#timeout = timeout;
  }

  /** @throws ApiError, Unreachable */
  async json(method: string, path: string, call?: Call): Promise<Json> {
    const { value } = await this.#answer(method, path, call);
    return value as Json;
  }

  /** A list, a page at a time. @throws ApiError, Unreachable */
  async *pages(path: string, query?: Query): AsyncGenerator<Json[], void> {
    for (let page: string | undefined = path, first = query; page !== undefined; first = undefined) {
      const { value, link } = await this.#answer('GET', page, { query: first });
      yield value as Json[];
      // The server names itself as the caller reached it, or not: only the path is taken from there.
      const next = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(link)?.[1];
      const url = next === undefined ? undefined : new URL(next, 'http://localhost');
      page = url && `${url.pathname}${url.search}`;
    }
  }

  /** All of a list while it comes, some entries at a time. @throws ApiError, Unreachable also when it is broken off */
  async *lines(path: string, query?: Query): AsyncGenerator<Json[], void> {
    const abort = new AbortController();
    const wait = () => setTimeout(() => abort.abort(new Error(`nothing came for ${this.#timeout} ms`)), this.#timeout);
    let late = wait();
    try {
      const response = await this.#send('GET', path, { query }, LINES_TYPE, abort.signal);
      if (!response.ok) throw refusalOf(response, await response.text());
      const type = response.headers.get('content-type') ?? '';
      if (!type.startsWith(LINES_TYPE)) throw new Error(`its answer is ${type}: an older one, or behind HTTP/1.0`);
      const decoder = new TextDecoder();
      let rest = '';
      for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        clearTimeout(late); // whoever reads may take his time
        const text = rest + decoder.decode(bytes, { stream: true });
        const end = text.lastIndexOf('\n');
        rest = text.slice(end + 1);
        if (end > 0) yield text.slice(0, end).split('\n').map(parsedLine);
        late = wait();
      }
      if (rest !== '') throw new Error('its answer ends in the middle of a line');
    } catch (error) {
      throw error instanceof ApiError || error instanceof Unreachable ? error : new Unreachable(this.server, error);
    } finally {
      clearTimeout(late);
      abort.abort(); // lets go of what nobody reads to its end
    }
  }

  async #answer(method: string, path: string, call?: Call): Promise<{ value: unknown; link: string }> {
    const response = await this.#send(method, path, call, JSON_TYPE, AbortSignal.timeout(this.#timeout));
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw new Unreachable(this.server, error);
    }
    if (!response.ok) throw refusalOf(response, text);
    const value = parsed(text);
    if (value === undefined && text !== '') throw new Unreachable(this.server, 'its answer is not JSON');
    return { value, link: response.headers.get('link') ?? '' };
  }

  async #send(method: string, path: string, call: Call = {}, accept: string, signal: AbortSignal): Promise<Response> {
    const { query = {}, body, headers } = call;
    const init: FetchInit = {
      method,
      headers: {
        Accept: accept,
        ...(body === undefined ? {} : { 'Content-Type': JSON_TYPE }),
        ...this.#headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    };
    try {
      return await this.#fetch(`${this.server}${path}${searchOf(query)}`, init);
    } catch (error) {
      throw new Unreachable(this.server, error);
    }
  }
}

function refusalOf(response: Response, text: string): ApiError {
  return new ApiError(errorOf(parsed(text), response, text));
}

function parsedLine(line: string): Json {
  return JSON.parse(line);
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search.toString()}`;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a proxy says for us has none of our fields. */
function errorOf(value: unknown, { status, statusText }: Response, text: string): ErrorBody {
  const body = (typeof value === 'object' && value !== null ? value : {}) as Partial<ErrorBody>;
  return {
    error: body.error ?? (text.trim().slice(0, 200) || statusText || `status ${status}`),
    code: typeof body.code === 'string' ? body.code : 'unknown',
    status,
    details: body.details ?? {},
    request_id: body.request_id ?? '',
  };
}
