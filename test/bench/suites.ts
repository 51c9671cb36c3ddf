import type { Suite } from './suite.ts';

/** Loaded when they are asked for: some of them need what the others can do without. */
const SUITES = {
  http: async () => (await import('./http/suite.ts')).http,
  durable: async () => (await import('./durable/suite.ts')).durable,
  scale: async () => (await import('./scale/suite.ts')).scale,
  restart: async () => (await import('./restart/suite.ts')).restart,
  bulk: async () => (await import('./bulk/suite.ts')).bulk,
  cluster: async () => (await import('./cluster/suite.ts')).cluster,
  peers: async () => (await import('./peers/suite.ts')).peers,
} satisfies Record<string, () => Promise<Suite>>;

export type SuiteName = keyof typeof SUITES;

export const SUITE_NAMES = Object.keys(SUITES) as readonly SuiteName[];

/** What runs when none is named. The others take long, or need programs that are not everywhere. */
export const USUAL: readonly SuiteName[] = ['http', 'durable', 'scale', 'restart', 'bulk'];

export function isSuiteName(text: string): text is SuiteName {
  return Object.hasOwn(SUITES, text);
}

export function loadSuite(name: SuiteName): Promise<Suite> {
  return SUITES[name]();
}
