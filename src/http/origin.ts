import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { PoolError } from '../errors.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Keeps web pages from changing anything: a browser on the same machine reaches 127.0.0.1 on behalf of any page.
 *
 * - `Sec-Fetch-Site` other than same-origin or none, or an `Origin` other than this host: a page of another site.
 * - A `Host` that is a public name and not one of ours: a page whose name resolves to this machine (DNS rebinding).
 *   Addresses, localhost and names without a dot cannot be rebound, and pass.
 *
 * @param allowedHosts names that reach this service, such as the machine's own
 * @returns a check that throws PoolError `foreign_origin`
 */
export function foreignRefusal(allowedHosts: readonly string[]): (request: IncomingMessage) => void {
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()));
  let known = ''; // most clients use one name
  return ({ method = '', headers, rawHeaders }) => {
    if (SAFE.has(method)) return;
    const { host = '', origin, 'sec-fetch-site': site } = headers;
    refuseTwoHosts(rawHeaders);
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw foreign('Sec-Fetch-Site', site, 'a page of another site may not change anything here');
    }
    if (origin !== undefined && hostOfOrigin(origin) !== host.toLowerCase()) {
      throw foreign('Origin', origin, 'a page of another site may not change anything here');
    }
    if (host === known) return;
    refuseForeignHost(host, allowed);
    known = host;
  };
}

function refuseTwoHosts(rawHeaders: readonly string[]): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw new PoolError('invalid_request', 'Host is given more than once', { field: 'Host' });
}

function refuseForeignHost(host: string, allowed: ReadonlySet<string>): void {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  const local = !name.includes('.') || name.endsWith('.localhost') || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  if (!local && !allowed.has(name)) {
    throw foreign('Host', host, 'reach this service by its address or its machine name, or start it with --allow-host');
  }
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function foreign(field: string, value: string, remedy: string): PoolError {
  return new PoolError('foreign_origin', `${field} ${value.slice(0, 128)} is refused: ${remedy}`, { field });
}
