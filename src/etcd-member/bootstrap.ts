import { existsSync, readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { join } from 'node:path';
import { urlOf } from '../config/cluster-file.ts';
import { type Beginning, folderOf } from './arguments.ts';
import type { MemberSettings } from '../config/member-settings.ts';

interface Peer {
  /** Absent until it has started. */
  readonly name?: string;
  readonly peerURLs: readonly string[];
}

type Log = (level: 'info' | 'warn', facts: object, message: string) => void;

const TIMEOUT_MS = 2000;
const AGAIN_MS = 1000;
const SAY_AGAIN_MS = 10_000;

/**
 * Finds out how the node's member begins. `cluster join` stands for both: for the second and third node of a cluster that
 * begins, and for one more of a cluster that runs. Which it is the members know that answer:
 *
 *     nobody answers, or they know us by our name      we are one of those who begin
 *     they have a place for us that nobody has taken   we are added
 *     they do not know us                              wait: somebody has yet to add us
 *
 * A member that has data goes on with them, whatever it is told.
 */
export async function beginningOf(settings: MemberSettings, log: Log): Promise<Beginning> {
  const { file } = settings;
  const urls = Object.entries(file.initial_members).map(([name, address]) => [name, urlOf(settings, address)] as const);
  const begin: Beginning = { state: 'new', members: Object.fromEntries(urls) };
  if (!file.join || existsSync(join(folderOf(settings), 'member'))) return begin;
  const own = urlOf(settings, file.raft_addr);
  const others = urls.flatMap(([, url]) => (url === own ? [] : [url]));
  const isListed = others.length < urls.length;
  for (let waited = 0; ; waited += AGAIN_MS) {
    const peers = await firstResponse(others.map((url) => askMembers(settings, url)));
    const place = peers?.find(({ peerURLs }) => peerURLs.includes(own));
    if (place && !place.name) return { state: 'existing', members: withNames(peers ?? [], own, String(file.node_id)) };
    if (place || (!peers && isListed)) return begin;
    if (waited % SAY_AGAIN_MS === 0) {
      const what = `POST /api/v1/cluster/nodes {"node_id":${file.node_id},"addr":"${file.raft_addr}"}`;
      const facts = { node_id: file.node_id, raft_addr: file.raft_addr, members: others };
      const why = peers ? `waiting to be added: ${what} at one of its nodes` : 'waiting for a member that answers';
      log('warn', facts, `the cluster does not know this node: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** etcd wants a name for everybody, and goes by the URLs. */
function withNames(peers: readonly Peer[], own: string, ownName: string): Record<string, string> {
  return Object.fromEntries(
    peers.flatMap(({ name, peerURLs }, i) => {
      const known = peerURLs.includes(own) ? ownName : (name ?? `unnamed-${i}`);
      return peerURLs.map((url) => [known, url]);
    }),
  );
}

async function firstResponse(asked: readonly Promise<Peer[]>[]): Promise<Peer[] | undefined> {
  return Promise.any(asked).catch(() => undefined);
}

/** What a member says to its like at /members, without a client port. */
function askMembers({ tls }: MemberSettings, url: string): Promise<Peer[]> {
  const files = tls && { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
  return new Promise((resolve, reject) => {
    const ask = tls ? secure : plain;
    const request = ask(`${url}/members`, { timeout: TIMEOUT_MS, ...files }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(text) as Peer[]);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.on('error', reject);
    request.end();
  });
}
