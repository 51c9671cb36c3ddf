import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Count, Order, Run } from './worker.ts';

const FILE = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Processes that write to etcd themselves. They end when told to, and with this one. */
export class Workers {
  readonly #children: readonly ChildProcess[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () => fork(FILE, [], { execArgv: ['--import', 'tsx'] }));
  }

  /** Has the first `count` of them turn to a place in etcd. */
  async prepare(order: Omit<Order, 'node'>, count = this.#children.length): Promise<void> {
    // One after the other: the first makes the network.
    for (const [n, child] of this.#children.slice(0, count).entries()) {
      await ask<'ready'>(child, { ...order, node: `n${n}` } satisfies Order);
    }
  }

  /** The first `count` of them at the same time. */
  async run(run: Run, count = this.#children.length): Promise<Count> {
    return sumOf(await Promise.all(this.#children.slice(0, count).map((child) => ask<Count>(child, run))));
  }

  close(): void {
    for (const child of this.#children) if (child.connected) child.disconnect();
  }
}

function ask<Answer>(child: ChildProcess, message: Order | Run): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a worker ended'));
    child.once('exit', ended);
    once(child, 'message').then(([answer]) => {
      child.off('exit', ended);
      resolve(answer as Answer);
    }, reject);
    child.send(message);
  });
}

function sumOf(counts: readonly Count[]): Count {
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  return {
    done: sum(({ done }) => done),
    conflicts: sum(({ conflicts }) => conflicts),
    failed: sum(({ failed }) => failed),
    worst: Math.max(...counts.map(({ worst }) => worst)),
    seconds: Math.max(...counts.map(({ seconds }) => seconds)),
  };
}
