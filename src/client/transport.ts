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
  /** Milliseconds until a call counts as unanswered. */
  readonly timeout?: number;
}

/** What JSON holds: believed to be what the schemas of src/api say. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

/** Longer than a bulk of 10,000 takes on a slow disk. */
const TIMEOUT_MS = 120_000;

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

  async #answer(method: string, path: string, call: Call = {}): Promise<{ value: unknown; link: string }> {
    const { query = {}, body, headers } = call;
    const init: FetchInit = {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...this.#headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#timeout),
    };
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(`${this.server}${path}${searchOf(query)}`, init);
      text = await response.text();
    } catch (error) {
      throw new Unreachable(this.server, error);
    }
    const value = parsed(text);
    if (!response.ok) throw new ApiError(errorOf(value, response, text));
    if (value === undefined && text !== '') throw new Unreachable(this.server, 'its answer is not JSON');
    return { value, link: response.headers.get('link') ?? '' };
  }
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
