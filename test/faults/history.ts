import type { Answer } from './caller.ts';

/** The possible states of a VM: no address, this one, or (after a request without a response) either. */
type Expected = { readonly kind: 'free' } | { readonly kind: 'held' | 'maybe'; readonly ip: string | undefined };

interface Operation {
  readonly vm: string;
  readonly verb: 'allocate' | 'release';
  readonly began: number;
  ended: number;
  /** Undefined: it is unknown whether it took effect. */
  answer: Answer | undefined;
}

const FREE: Expected = { kind: 'free' };

/**
 * The requests of all clients and their responses, against which a server is checked. Operations of one VM never
 * overlap. The clock may be anything monotonic.
 *
 *     allocate ├────────────┤ 201                       release ├──────────── no response
 *              began        ended: allocated from here       from here: allocated or free
 */
export class History {
  readonly #clock: () => number;
  readonly #byVm = new Map<string, Operation[]>();
  /** Responses that contradict the known state. */
  readonly contradictions: string[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get answered(): number {
    return this.#count(({ answer }) => answer !== undefined);
  }

  get unanswered(): number {
    return this.#count(({ answer }) => answer === undefined);
  }

  get vms(): Iterable<string> {
    return this.#byVm.keys();
  }

  /** Runs one request of a VM and records its outcome. Returns its response, undefined if there was none. */
  async note(vm: string, verb: Operation['verb'], call: () => Promise<Answer>): Promise<Answer | undefined> {
    const operation: Operation = { vm, verb, began: this.#clock(), ended: Infinity, answer: undefined };
    const before = this.expected(vm);
    const operations = this.#byVm.get(vm);
    if (operations) operations.push(operation);
    else this.#byVm.set(vm, [operation]);
    try {
      operation.answer = await call();
    } catch {
      return undefined;
    }
    operation.ended = this.#clock();
    const contradiction = contradicts(before, operation.answer, verb);
    if (contradiction !== undefined) this.contradictions.push(`${vm}: ${contradiction}`);
    return operation.answer;
  }

  expected(vm: string, at = Infinity): Expected {
    let state = FREE;
    for (const { verb, began, ended, answer } of this.#byVm.get(vm) ?? []) {
      if (began > at) break;
      state = after(state, verb, ended <= at ? answer : undefined);
    }
    return state;
  }

  /** What is wrong with the allocations of a server that was cut off at this time; empty: nothing. */
  judge(held: Iterable<readonly [vm: string, ip: string]>, at = Infinity): string[] {
    const wrong: string[] = [];
    const ips = new Map<string, string>();
    const found = new Map<string, string>();
    for (const [vm, ip] of held) {
      const other = ips.get(ip);
      if (other !== undefined) wrong.push(`twice: ${ip} is allocated to ${other} and to ${vm}`);
      if (found.has(vm)) wrong.push(`twice: ${vm} holds ${String(found.get(vm))} and ${ip}`);
      if (!this.#byVm.has(vm)) wrong.push(`invented: ${vm} has ${ip} and never made a request`);
      ips.set(ip, vm);
      found.set(vm, ip);
    }
    for (const vm of this.#byVm.keys()) {
      const expected = this.expected(vm, at);
      const ip = found.get(vm);
      if (expected.kind === 'held' && ip !== expected.ip) {
        wrong.push(`lost: ${vm} got ${String(expected.ip)}, now it has ${String(ip)}`);
      }
      if (expected.kind === 'free' && ip !== undefined) wrong.push(`undead: ${vm} had no address, now it has ${ip}`);
      if (expected.kind === 'maybe' && ip !== undefined && expected.ip !== undefined && ip !== expected.ip) {
        wrong.push(`moved: ${vm} had ${expected.ip} or none, now it has ${ip}`);
      }
    }
    return wrong;
  }

  /** Addresses that two VMs certainly had at once: between the response of one request and the begin of the next. */
  overlaps(): string[] {
    const spans: { vm: string; ip: string; from: number; to: number }[] = [];
    for (const [vm, operations] of this.#byVm) {
      operations.forEach(({ verb, answer, ended }, i) => {
        if (verb !== 'allocate' || !answer || answer.status >= 300) return;
        spans.push({ vm, ip: String(answer.body.ip), from: ended, to: operations[i + 1]?.began ?? Infinity });
      });
    }
    const wrong: string[] = [];
    const last = new Map<string, (typeof spans)[number]>();
    for (const span of spans.sort((a, b) => a.from - b.from)) {
      const before = last.get(span.ip);
      if (before && before.vm !== span.vm && before.to > span.from) {
        wrong.push(`twice: ${span.ip} was allocated to ${before.vm} and then to ${span.vm}`);
      }
      if (!before || before.to <= span.to) last.set(span.ip, span);
    }
    return wrong;
  }

  #count(which: (operation: Operation) => boolean): number {
    let count = 0;
    for (const operations of this.#byVm.values()) count += operations.filter(which).length;
    return count;
  }
}

function after(state: Expected, verb: Operation['verb'], answer: Answer | undefined): Expected {
  if (!answer) {
    if (verb === 'allocate') return state.kind === 'held' ? state : { kind: 'maybe', ip: undefined };
    return state.kind === 'held' ? { kind: 'maybe', ip: state.ip } : state;
  }
  if (answer.status >= 500) return state; // refused: nothing was changed
  return verb === 'allocate' ? { kind: 'held', ip: String(answer.body.ip) } : FREE;
}

function contradicts(before: Expected, { status, body }: Answer, verb: Operation['verb']): string | undefined {
  if (status >= 500) return undefined;
  const ip = String(body.ip);
  const told = `${verb} was answered ${status} ${ip}`;
  if (before.kind === 'held' && (status !== 200 || ip !== before.ip)) return `${told}, but it had ${String(before.ip)}`;
  if (before.kind === 'free' && status !== (verb === 'allocate' ? 201 : 404)) return `${told}, but it had nothing`;
  if (before.kind === 'maybe' && status === 200 && before.ip !== undefined && ip !== before.ip) {
    return `${told}, but it had ${before.ip} or nothing`;
  }
  return undefined;
}
