import ts from 'typescript';
import { resolveImport, type Source } from './sources.ts';

/**
 * The import cycles between files, type-only imports included: one per group of files that all reach each other. Each is
 * written as a path that ends where it begins, such as `a.ts -> b.ts -> a.ts`.
 */
export function importCycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const cycles: string[] = [];
  const inCycle = new Set<string>();
  for (const path of graph.keys()) {
    if (inCycle.has(path)) continue;
    const cycle = shortestPathBack(graph, path);
    if (!cycle) continue;
    cycles.push(cycle.join(' -> '));
    for (const other of graph.keys())
      if (reaches(graph, path, other) && reaches(graph, other, path)) inCycle.add(other);
  }
  return cycles;
}

type Graph = ReadonlyMap<string, readonly string[]>;

function importsOf({ path, text }: Source): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => resolveImport(path, fileName));
}

/** Breadth-first, so that the path is as short as possible. */
function shortestPathBack(graph: Graph, start: string): string[] | undefined {
  const paths: string[][] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return [...path, start];
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return undefined;
}

function reaches(graph: Graph, from: string, to: string): boolean {
  const open = [from];
  const seen = new Set<string>();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const next of graph.get(at) ?? []) {
      if (next === to) return true;
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
  return false;
}
