import { execFileSync } from 'node:child_process';

// 192.0.2.0/24 is reserved for documentation (RFC 5737).
const NET = '192.0.2';
const HUB = `${NET}.1`;

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An isolated machine in the network: a namespace with one interface. */
export class Machine {
  readonly name: string;
  readonly host: string;

  /** @param number the last octet of its address, from 2 to 254 */
  constructor(name: string, number: number) {
    this.name = name;
    this.host = `${NET}.${number}`;
    run('ip', 'netns', 'add', name);
    run('ip', 'link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    run('ip', 'link', 'set', `to-${name}`, 'master', 'hub', 'up');
    this.#inside('ip', 'address', 'add', `${this.host}/24`, 'dev', 'eth0');
    this.#inside('ip', 'link', 'set', 'eth0', 'up');
    this.#inside('ip', 'link', 'set', 'lo', 'up');
  }

  /** A command prefix: the program runs on this machine, in the same process. */
  get under(): string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Drops all packets from and to another machine without notice, as a broken cable does. */
  cut(other: { readonly host: string }): void {
    this.#inside('iptables', '-A', 'INPUT', '-s', other.host, '-j', 'DROP');
    this.#inside('iptables', '-A', 'OUTPUT', '-d', other.host, '-j', 'DROP');
  }

  /** How many packets were dropped since the first cut. */
  get dropped(): number {
    const rules = this.#inside('iptables', '-L', '-v', '-n', '-x').split('\n');
    return rules.reduce((sum, rule) => sum + Number(/^\s*(\d+)\s.*\bDROP\b/.exec(rule)?.[1] ?? 0), 0);
  }

  mend(): void {
    this.#inside('iptables', '-F');
  }

  #inside(...words: readonly [string, ...string[]]): string {
    const [program, ...args] = [...this.under, ...words] as [string, ...string[]];
    return run(program, ...args);
  }
}

/**
 * Machines on one switch, to which this process is connected too. Call it in a process that {@link ./enclosure.ts} put
 * into its own namespaces: everything disappears with them.
 */
export function machines(count: number): Machine[] {
  run('mount', '-t', 'tmpfs', 'none', '/run'); // where the names of namespaces are kept
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', 'hub', 'type', 'bridge');
  run('ip', 'address', 'add', `${HUB}/24`, 'dev', 'hub');
  run('ip', 'link', 'set', 'hub', 'up');
  return Array.from({ length: count }, (_, i) => new Machine(`b${i + 1}`, 11 + i));
}

/** The address of this process for the machines. */
export const HERE = { host: HUB };
