import type { ImageConfig } from './buildah.ts';

/** What config/compose.yaml asks of a runtime. */
export interface Restrictions {
  /** Processes and threads. */
  readonly pids: number;
}

/**
 * Turns a command of an image into one that runs it as Docker would with config/compose.yaml: as process 1 of namespaces
 * of its own, the root read-only, one volume, the user of the image, no capability, no way to new privileges. Only the
 * network is the host's, for want of a bridge. The mounts go with the namespace, that with its first process, and that
 * with the process that this starts: a change of user clears what --kill-child asks for, so setpriv asks again.
 *
 * @param root   root folder of the image
 * @param volume host folder in the place of the image's volume
 */
export function boxed(
  { User = '0:0', WorkingDir = '/', Volumes = {} }: ImageConfig,
  root: string,
  volume: string,
  { pids }: Restrictions,
  command: readonly string[],
): [string, ...string[]] {
  const [uid = '', gid = ''] = User.split(':');
  const [place = ''] = Object.keys(Volumes);
  const isolation = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=SIGKILL'];
  const settings = [root, volume, place, uid, gid, WorkingDir, String(pids)];
  return ['unshare', ...isolation, 'sh', '-euc', ENTER, 'box', ...settings, ...command];
}

/** The variables of an image, as an object. */
export function environmentOf({ Env = [] }: ImageConfig): Record<string, string> {
  return Object.fromEntries(
    Env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
}

const ENTER = `
  root=$1 volume=$2 place=$3 uid=$4 gid=$5 workdir=$6 pids=$7
  shift 7
  mount --bind "$root" "$root"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount --bind "$volume" "$root$place"
  mount -o remount,bind,ro "$root"
  ulimit -p "$pids"
  exec chroot "$root" setpriv --reuid "$uid" --regid "$gid" --clear-groups \\
    --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL \\
    env -C "$workdir" "$@"
`;
