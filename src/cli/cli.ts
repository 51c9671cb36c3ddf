import sade, { type LazyOutput, type Sade } from 'sade';
import { SETTINGS } from '../config/load.ts';
import { PoolError } from '../errors.ts';
import { packageVersion } from '../host/version.ts';
import { commandFirst } from './argv.ts';
import { type Command, CONNECTION_FLAGS, type Flag } from './command.ts';
import { COMMANDS } from './commands.ts';
import { exitCodeOf, printError } from './exit.ts';
import { Input } from './input.ts';
import { clusterInit, clusterJoin } from './local/cluster.ts';
import type { LocalCommand } from './local/local.ts';
import { migrate } from './local/migrate.ts';

/** The commands on a data folder that nobody serves from. */
const JOURNAL_VERBS = {
  verify: 'Name every rule that a data folder breaks',
  repair: 'Make a damaged data folder one that can be started from',
  export: 'Print networks and allocations as JSON',
} as const;

const LOCAL: readonly LocalCommand[] = [clusterInit, clusterJoin, migrate];

const WORDS: readonly string[] = [
  'serve',
  'server',
  ...[...COMMANDS, ...LOCAL].map(({ words }) => words),
  ...Object.keys(JOURNAL_VERBS).map((verb) => `journal ${verb}`),
];

/** Flags of `serve` that are no settings by that name. */
const SERVE_FLAGS: readonly Flag[] = [
  { name: 'config', short: 'c', kind: 'text', help: 'JSON file with settings' },
  { name: 'address', short: 'a', kind: 'text', help: 'Host and port in one: host:port' },
  { name: 'db', kind: 'text', help: 'The same as --data' },
  { name: 'cluster', kind: 'switch', help: 'Cluster mode with an etcd of its own; --config is then its cluster.json' },
];
const SERVE: readonly Flag[] = [...SERVE_FLAGS, ...SETTINGS];
const JOURNAL: readonly Flag[] = [{ name: 'accept-loss', kind: 'switch', help: '' }];

/** Runs one command line (without node and script). Returns the exit code; errors are one line on stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    printError(error);
    return exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const program = describe();
  const [first] = argv;
  if (argv.some(isHelp) && (first === undefined || first.startsWith('-'))) {
    program.help();
    program.help('serve'); // the default command: its flags are what most people look for
    return 0;
  }
  // `-d` is a switch of one command and takes a text in others: in front of the command it has to be written out.
  const everything = [
    ...SERVE,
    ...JOURNAL,
    ...CONNECTION_FLAGS,
    ...[...COMMANDS, ...LOCAL].flatMap(({ flags }) => flags),
  ];
  const switches = new Set(everything.filter(({ kind }) => kind === 'switch').map(({ name }) => name));
  const ordered = commandFirst(argv, WORDS, switches);
  const isAsked = ({ words }: { readonly words: string }) =>
    ordered.slice(0, words.split(' ').length).join(' ') === words;
  if (!WORDS.some((words) => isAsked({ words })) && argv.some(isHelp) && printGroup(ordered[0])) return 0;
  const command = COMMANDS.find(isAsked);
  const local = LOCAL.find(isAsked);
  const flags = local?.flags ?? (command ? [...command.flags, ...CONNECTION_FLAGS] : [...SERVE, ...JOURNAL]);
  const parsed = program.parse(['node', 'ippool', ...ordered], {
    lazy: true,
    string: flags.filter(({ kind }) => kind !== 'switch').map(({ name }) => name),
    boolean: flags.filter(({ kind }) => kind === 'switch').map(({ name }) => name),
    unknown: (flag: string) => {
      const { words } = command ?? local ?? {};
      const of = words === undefined ? 'ippool' : `ippool ${words}`;
      throw new PoolError('usage', `Unknown flag ${flag}: see ${of} --help`, { field: flag });
    },
  }) as LazyOutput | undefined;
  if (parsed === undefined) return 0; // --help or --version, which sade has printed
  const { _: rest, ...values } = parsed.args.at(-1) as unknown as Record<string, string | boolean | undefined> & {
    _: unknown[];
  };
  if (rest[0] !== undefined) {
    throw new PoolError('usage', `Unknown command or word ${rest.join(' ')}: the commands are ${WORDS.join(', ')}`);
  }
  // What stands in brackets is undefined when it is left away.
  const operands = (parsed.args.slice(0, -1) as (string | undefined)[]).flatMap((word) => word ?? []);
  const [noun, verb] = parsed.name.split(' ');
  // Imported when they are needed: help, version and a wrong flag should not wait for the whole service.
  if (command) {
    const { runCommand } = await import('./run-command.ts');
    return runCommand(command, values, operands);
  }
  if (local) return local.run(new Input(values, operands));
  if (noun === 'journal' && verb !== undefined) {
    const { journal } = await import('./journal.ts');
    return journal(verb, operands[0], values['accept-loss'] === true);
  }
  const { serveFlags } = await import('./serve-flags.ts');
  const { serve } = await import('./serve.ts');
  const { config, ...settings } = serveFlags(values);
  return serve(settings, config);
}

function isHelp(word: string): boolean {
  return word === '-h' || word === '--help';
}

/** Prints the commands that begin with a word such as `network`; false: none does. */
function printGroup(noun: string | undefined): boolean {
  const journal = Object.entries(JOURNAL_VERBS).map(([verb, help]) => ({ words: `journal ${verb}`, help }));
  const group = [...COMMANDS, ...LOCAL, ...journal].filter(({ words }) => words.startsWith(`${noun ?? ''} `));
  const [first] = group;
  if (!first) return false;
  const lines = group.map(({ words, help }) => `    ${words.padEnd(22)} ${help}`);
  process.stdout.write(`\n  Available Commands\n${lines.join('\n')}\n\n  Each has its own help:\n`);
  process.stdout.write(`    $ ippool ${first.words} --help\n\n`);
  return true;
}

function describe(): Sade {
  const program = sade('ippool').version(packageVersion());
  program.command('serve', 'Give addresses over HTTP (the default command)', { default: true, alias: 'server' });
  for (const flag of SERVE) option(program, flag);
  for (const command of COMMANDS)
    describeCommand(program, { ...command, flags: [...command.flags, ...CONNECTION_FLAGS] });
  for (const command of LOCAL) describeCommand(program, command);
  for (const [verb, help] of Object.entries(JOURNAL_VERBS)) {
    program.command(`journal ${verb} [dir]`, help);
    if (verb === 'repair')
      program.option('--accept-loss', 'Go on where something is lost, keeping all that can be read');
  }
  return program;
}

type Described = Pick<Command, 'words' | 'operand' | 'help' | 'flags' | 'examples'>;

function describeCommand(program: Sade, { words, operand, help, flags, examples = [] }: Described): void {
  program.command(operand === undefined ? words : `${words} ${operand}`, help);
  for (const flag of flags) option(program, flag);
  for (const example of examples) program.example(example);
}

function option(program: Sade, flag: Flag & { readonly fallback?: string }): void {
  const { name, short, help, fallback } = flag;
  const text = fallback === undefined ? help : `${help}  (default ${fallback})`;
  program.option(short === undefined ? `--${name}` : `-${short}, --${name}`, text);
}
