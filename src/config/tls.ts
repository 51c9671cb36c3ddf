import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { PoolError } from '../errors.ts';

// The files of --etcd-ca, --etcd-cert and --etcd-key: what is wrong in them alone is said before anybody is asked.

/** What proves to etcd who we are, and to us that it is etcd; PEM. */
export interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Checks that the files hold what their settings say, and fit each other and the endpoints.
 *
 * @param hosts which the own member of etcd is reached at, with the same certificate; [] without one
 * @throws PoolError `usage` that names the setting and the remedy
 */
export function checkedTls(
  { ca, cert, key }: { readonly [name in keyof Tls]: Buffer | undefined },
  endpoints: readonly string[] | undefined,
  hosts: readonly string[],
): Tls | undefined {
  if (!ca && !cert && !key) return undefined;
  const files: Tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  if (!endpoints) return files; // which nobody asks for
  if ((cert === undefined) !== (key === undefined)) throw refused('etcd-cert', 'and --etcd-key belong together');
  const clear = endpoints.find((url) => !url.startsWith('https:'));
  if (clear !== undefined) {
    const rule = `${clear} is in the clear, and --etcd-ca, --etcd-cert and --etcd-key are for TLS`;
    throw refused('etcd', `${rule}: write https://, or leave the files away`);
  }
  if (ca) read('etcd-ca', 'must hold the certificates of an authority in PEM', () => new X509Certificate(ca));
  if (!cert || !key) return files;
  const own = read('etcd-cert', 'must hold a certificate in PEM', () => new X509Certificate(cert));
  const secret = read('etcd-key', 'must hold a key in PEM, without a passphrase', () => createPrivateKey(key));
  if (!own.checkPrivateKey(secret)) {
    throw refused('etcd-key', 'is not the key of --etcd-cert: name two that were made together');
  }
  const unnamed = hosts.find((host) => (isIP(host) ? own.checkIP(host) : own.checkHost(host)) === undefined);
  if (unnamed !== undefined) {
    const rule = `does not name ${unnamed}, where the etcd of this node is reached`;
    throw refused('etcd-cert', `${rule}: make a certificate that has it among its alternative names`);
  }
  return files;
}

function read<T>(name: string, rule: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw refused(name, rule, cause);
  }
}

function refused(name: string, rule: string, cause?: unknown): PoolError {
  return new PoolError('usage', `--${name} ${rule}`, { field: name }, cause);
}
