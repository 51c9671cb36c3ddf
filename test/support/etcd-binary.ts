import { join } from 'node:path';
import { unpacked } from './debian.ts';
import { missingTools, pathOf } from './tools.ts';

/** The path of etcd: from the PATH, otherwise unpacked from Debian's package. @throws Error when neither is possible */
export function etcdBinary(): string {
  return pathOf('etcd') ?? join(unpacked(['etcd-server']), 'usr/bin/etcd');
}

/**
 * For the `skip` of a test that needs etcd: what to install, or false when nothing is missing.
 *
 * @throws Error with the same text when CI is set: no test is skipped there
 */
export function missingEtcd(): string | false {
  // setpriv ensures that no member outlives its test.
  const missing = missingTools({ setpriv: 'util-linux' });
  if (missing !== false) return missing;
  try {
    etcdBinary();
    return false;
  } catch (error) {
    const remedy = 'etcd missing: apt-get install --no-install-recommends etcd-server';
    if (process.env.CI) throw new Error(remedy, { cause: error });
    return remedy;
  }
}
