import { PoolError } from '../../errors.ts';

/** Reads a JSON file. @throws PoolError `usage` */
export function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new PoolError('usage', `${file} is no JSON that can be read: ${(cause as Error).message}`, {}, cause);
  }
}

/**
 * The line in which each element of each list begins, for lists that stand in the outermost object; under '' for an
 * outermost list.
 *
 *     {"networks":[
 *       {"cidr":"10.1.0.0/16"}]}      networks: [2]
 *
 * @param text JSON that JSON.parse takes
 */
export function linesOfItems(text: string): ReadonlyMap<string, readonly number[]> {
  const lines = new Map<string, number[]>();
  const open: string[] = []; // the brackets around
  let line = 1;
  let key = '';
  let item = false; // whether the next value begins an element
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|\n|[[\]{},:]|[^\s[\]{},:"]+/g)) {
    const [word] = token;
    if (word === '\n') {
      line++;
      continue;
    }
    const inList = open.at(-1) === '[' && (open.length === 1 || (open.length === 2 && open[0] === '{'));
    if (inList && item && word !== ']') {
      const name = open.length === 1 ? '' : key;
      const known = lines.get(name);
      if (known) known.push(line);
      else lines.set(name, [line]);
      item = false;
    }
    if (word === '[' || word === '{') {
      open.push(word);
      item = word === '[';
    } else if (word === ']' || word === '}') {
      open.pop();
      item = false;
    } else if (word === ',') item = open.at(-1) === '[';
    else if (word.startsWith('"') && open.length === 1) key = JSON.parse(word) as string;
  }
  return lines;
}
