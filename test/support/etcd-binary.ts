import { join } from 'node:path';
import { unpacked } from './debian.ts';
import { missingTools, pathOf } from './tools.ts';

/** Where etcd is: on the PATH, or else Debian's, unpacked without its service. @throws Error when it is neither */
export function etcdBinary(): string {
  return pathOf('etcd') ?? join(unpacked(['etcd-server']), 'usr/bin/etcd');
}

/**
 * For the `skip` of a test that needs etcd: what to install, or false when it is there.
 *
 * @throws Error that says so when CI is set: there nothing is skipped
 */
export function missingEtcd(): string | false {
  // setpriv lets no member outlive its test.
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
