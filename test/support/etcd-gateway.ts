/** What etcd reports about a member. */
export interface MemberStatus {
  readonly memberId: string;
  /** '0': the member knows no leader. */
  readonly leader: string;
  readonly revision: string;
  readonly dbSize: number;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
}

/** Keys and values are text. */
export type Change = { readonly put: readonly [key: string, value: string] } | { readonly remove: string };

interface GatewayResponse {
  readonly header: { readonly revision: string; readonly member_id: string };
  readonly [field: string]: unknown;
}

/** The JSON gateway of one member. Independent of src/store/etcd/, which the tests that use it check. */
export class EtcdGateway {
  readonly #url: string;
  readonly #timeout: number;

  /** @param timeout of a call, in milliseconds */
  constructor(url: string, timeout = 5_000) {
    this.#url = url;
    this.#timeout = timeout;
  }

  /** All keys with a prefix, the least recently changed first. */
  async range(prefix: string, { since = 0 } = {}): Promise<{ entries: Entry[]; revision: number }> {
    const answer = await this.#ask('kv/range', {
      ...prefixed(prefix),
      sort_target: 'MOD',
      ...(since > 0 ? { min_mod_revision: String(since) } : {}),
    });
    const kvs = (answer.kvs ?? []) as { key: string; value?: string; mod_revision: string }[];
    const entries = kvs.map(({ key, value = '', mod_revision }) => ({
      key: text(key),
      value: text(value),
      modRevision: Number(mod_revision),
    }));
    return { entries, revision: Number(answer.header.revision) };
  }

  /** Applies all changes at once if every expected key is absent or has the expected value. Returns whether it did. */
  async change(
    changes: readonly Change[],
    expected: readonly (readonly [key: string, value: string | undefined])[] = [],
  ): Promise<{ succeeded: boolean; revision: number }> {
    const answer = await this.#ask('kv/txn', {
      compare: expected.map(([key, value]) =>
        value === undefined
          ? { key: base64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }
          : { key: base64(key), target: 'VALUE', result: 'EQUAL', value: base64(value) },
      ),
      success: changes.map((change) =>
        'put' in change
          ? { request_put: { key: base64(change.put[0]), value: base64(change.put[1]) } }
          : { request_delete_range: { key: base64(change.remove) } },
      ),
    });
    return { succeeded: answer.succeeded === true, revision: Number(answer.header.revision) };
  }

  async removeAll(prefix: string): Promise<void> {
    await this.#ask('kv/deleterange', prefixed(prefix));
  }

  /** Discards everything before this revision and frees its pages. */
  async compact(revision: number): Promise<void> {
    await this.#ask('kv/compaction', { revision: String(revision), physical: true });
  }

  async status(): Promise<MemberStatus> {
    const answer = await this.#ask('maintenance/status', {});
    const { member_id: memberId, revision } = answer.header;
    return { memberId, revision, leader: (answer.leader ?? '0') as string, dbSize: Number(answer.dbSize ?? 0) };
  }

  async defragment(): Promise<void> {
    await this.#ask('maintenance/defragment', {}, 20_000);
  }

  /** The active alarms, such as NOSPACE, each with the member that raised it. */
  async alarms(): Promise<{ readonly memberID: string; readonly alarm: string }[]> {
    const { alarms = [] } = await this.#ask('maintenance/alarm', { action: 'GET' });
    return alarms as { memberID: string; alarm: string }[];
  }

  async disarm(): Promise<void> {
    for (const raised of await this.alarms()) await this.#ask('maintenance/alarm', { action: 'DEACTIVATE', ...raised });
  }

  /** Calls back for the events from a revision on, one message at a time, until the stream ends or is aborted. */
  async watch(prefix: string, from: number, onPut: (put: Entry) => void, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ create_request: { ...prefixed(prefix), start_revision: String(from) } });
    const answer = await fetch(`${this.#url}/v3/watch`, { method: 'POST', body, signal });
    let rest = '';
    const decoder = new TextDecoder();
    for await (const part of answer.body ?? []) {
      const lines = (rest + decoder.decode(part as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { result } = JSON.parse(line) as {
          result?: {
            canceled?: boolean;
            events?: { type?: string; kv: { key: string; value?: string; mod_revision: string } }[];
          };
        };
        if (result?.canceled) return;
        for (const { type, kv } of result?.events ?? []) {
          if (type === 'DELETE') continue;
          onPut({ key: text(kv.key), value: text(kv.value ?? ''), modRevision: Number(kv.mod_revision) });
        }
      }
    }
  }

  async #ask(path: string, body: object, timeout = this.#timeout): Promise<GatewayResponse> {
    const signal = AbortSignal.timeout(timeout);
    const answer = await fetch(`${this.#url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), signal });
    if (answer.status !== 200) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`);
    return (await answer.json()) as GatewayResponse;
  }
}

function prefixed(prefix: string): { key: string; range_end: string } {
  const end = Buffer.from(prefix);
  end[end.length - 1]!++;
  return { key: base64(prefix), range_end: end.toString('base64') };
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64');
}

function text(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString();
}
