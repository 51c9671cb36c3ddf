import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Place } from './place.ts';

/** One measurement. */
export interface Sample {
  /** Units a second. */
  readonly rate: number;
  /** Microseconds of CPU for a unit, all of the peer's own processes; NaN where nobody counts it. */
  readonly cpu: number;
}

export interface Case {
  /** What the peer is asked by, or what it finds. */
  readonly load: string;
  /** So many at a time, one request under way each: compared to ippool with as many. */
  readonly callers?: number;
  measure(): Promise<Sample>;
}

/** What stands beside ippool, started. */
export interface Peer {
  /** With its version, where it tells. */
  readonly name: string;
  /** What is counted, in a word or two. */
  readonly unit: string;
  /** One sentence for who reads the figures. */
  readonly note: string;
  readonly cases: readonly Case[];
  /** What is kept when the machine stops at once; asked for when all is measured. */
  keeps(): Promise<string>;
  stop(): Promise<void>;
}

export interface PeerOptions {
  /** Seconds of one measurement. */
  readonly seconds: number;
  readonly quick: boolean;
}

/** @throws Error that says why the peer cannot be had here */
export type StartPeer = (place: Place, options: PeerOptions) => Promise<Peer>;

const CALLERS = [1, 8, 32];

/** One case for each number of callers. */
export function casesOf(run: (callers: number, seconds: number) => Promise<Sample>, seconds: number): Case[] {
  return CALLERS.map((callers) => ({
    load: `${callers} caller${callers === 1 ? '' : 's'}`,
    callers,
    measure: () => run(callers, seconds),
  }));
}

/** Lets go of a process that ends when the channel to it does. */
export async function letGo(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}

export const DURABLE = 'on disk';
