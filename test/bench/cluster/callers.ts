import { setTimeout as delay } from 'node:timers/promises';
import { Wire } from '../wire.ts';
import type { Answers } from './responses.ts';

/** Between a failure and the next attempt. */
const RETRY_MS = 20;

/** Clients that allocate without a pause, each at its node, and ask again for the same VM until they get an answer. */
export class Callers {
  /** When an allocation was acknowledged, milliseconds. */
  readonly acknowledged: number[] = [];
  /** Attempts without an address. */
  failed = 0;
  readonly #answers: Answers;
  readonly #running: Promise<void>;
  #isStopped = false;

  /** @param name of their VMs, which nobody else has */
  constructor(urls: readonly string[], perNode: number, name: string, answers: Answers) {
    this.#answers = answers;
    const all = urls.flatMap((url, node) =>
      Array.from({ length: perNode }, (_, n) => this.#call(new URL(url), `${name}-${node}-${n}`)),
    );
    this.#running = Promise.all(all).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #call(url: URL, name: string): Promise<void> {
    let wire: Wire | undefined;
    for (let n = 0; !this.#isStopped;) {
      try {
        wire ??= await Wire.open(url);
        if (await this.#allocate(wire, `${name}-${n}`)) n++;
        else await delay(RETRY_MS);
      } catch {
        this.failed++;
        wire?.close();
        wire = undefined;
        await delay(RETRY_MS);
      }
    }
    wire?.close();
  }

  async #allocate(wire: Wire, vm_id: string): Promise<boolean> {
    const { status, text } = await wire.ask('POST', '/ip/allocate', { vm_id });
    if (status !== 200 && status !== 201) {
      this.failed++;
      return false;
    }
    this.acknowledged.push(performance.now());
    this.#answers.add((JSON.parse(text) as { ip: string }).ip, vm_id);
    return true;
  }
}
