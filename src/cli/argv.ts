import { PoolError } from '../errors.ts';

/**
 * Puts the words of the command in front: `--json network -n x add` is `network add --json -n x`. The parser looks for
 * the command before it knows which flags are switches, and would take `network` for the value of `--json`.
 *
 * @param commands the words of every command
 * @param switches names of flags that take no value, whatever the command
 * @throws PoolError `usage` for `network` without a verb
 */
export function commandFirst(
  argv: readonly string[],
  commands: readonly string[],
  switches: ReadonlySet<string>,
): string[] {
  const words: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const next = argv[i + 1];
    if (word === '--' || commands.includes(words.join(' '))) {
      rest.push(...argv.slice(i));
      break;
    }
    if (!word.startsWith('-')) {
      if (!isBeginning([...words, word], commands)) {
        rest.push(...argv.slice(i));
        break;
      }
      words.push(word);
    } else if (takesValue(word, switches) && next !== undefined && !next.startsWith('-')) {
      rest.push(word, next);
      i++;
    } else rest.push(word);
  }
  const named = words.join(' ');
  if (words.length > 0 && !commands.includes(named)) refuseHalf(named, rest, commands);
  return [...words, ...withStandardInput(rest, switches)];
}

/** A lone - is standard input to people, and to the parser a flag without a name. */
function withStandardInput(rest: readonly string[], switches: ReadonlySet<string>): string[] {
  return rest.flatMap((word, i) => {
    const isValue = (flag = '') => flag.startsWith('-') && flag !== '--' && takesValue(flag, switches);
    if (word === '-') return isValue(rest[i - 1]) ? [] : ['/dev/stdin'];
    return rest[i + 1] === '-' && isValue(word) ? [`${word}=-`] : [word];
  });
}

function takesValue(flag: string, switches: ReadonlySet<string>): boolean {
  const name = flag.replace(/^--?/, '');
  return !name.includes('=') && !name.startsWith('no-') && !switches.has(name);
}

function isBeginning(words: readonly string[], commands: readonly string[]): boolean {
  const text = words.join(' ');
  return commands.some((command) => command === text || command.startsWith(`${text} `));
}

function refuseHalf(noun: string, rest: readonly string[], commands: readonly string[]): void {
  if (rest.some((word) => word === '-h' || word === '--help')) return;
  const verbs = commands.filter((command) => command.startsWith(`${noun} `));
  const after = rest[0] === undefined || rest[0].startsWith('-') ? 'without a verb' : rest[0];
  throw new PoolError('usage', `Unknown command ${noun} ${after}: the commands are ${verbs.join(', ')}`);
}
