import sade, { type LazyOutput, type Sade } from 'sade';
import { SETTINGS } from '../config.ts';
import { PoolError } from '../pool/errors.ts';
import { packageVersion } from '../version.ts';
import { exitCodeOf, printError } from './exit.ts';

/** The commands on a data folder that nobody serves from. */
const JOURNAL_VERBS = {
  verify: 'Name every rule that a data folder breaks',
  repair: 'Make a damaged data folder one that can be started from',
  export: 'Print networks and allocations as JSON',
} as const;

const COMMANDS = ['serve', ...Object.keys(JOURNAL_VERBS).map((verb) => `journal ${verb}`)];

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
  if (argv.some((word) => word === '-h' || word === '--help') && (first === undefined || first.startsWith('-'))) {
    program.help();
    program.help('serve'); // the default command: its flags are what most people look for
    return 0;
  }
  const parsed = program.parse(['node', 'ippool', ...argv], {
    lazy: true,
    string: ['config', ...SETTINGS.filter(({ kind }) => kind !== 'switch').map(({ name }) => name)],
    boolean: ['accept-loss', ...SETTINGS.filter(({ kind }) => kind === 'switch').map(({ name }) => name)],
    unknown: (flag: string) => {
      throw new PoolError('usage', `Unknown flag ${flag}: see ippool --help`, { field: flag });
    },
  }) as LazyOutput | undefined;
  if (parsed === undefined) return 0; // --help or --version, which sade has printed
  const options = parsed.args.at(-1) as unknown as Record<string, string | boolean | undefined> & { _: string[] };
  const { _: rest, config, 'accept-loss': acceptLoss, ...flags } = options;
  if (rest[0] !== undefined) {
    throw new PoolError('usage', `Unknown command or word ${rest.join(' ')}: the commands are ${COMMANDS.join(', ')}`);
  }
  const [noun, verb] = parsed.name.split(' ');
  // Imported when they are needed: help, version and a wrong flag should not wait for the whole service.
  if (noun === 'journal' && verb !== undefined) {
    const { journal } = await import('./journal.ts');
    return journal(verb, parsed.args[0], acceptLoss === true);
  }
  if (config !== undefined && typeof config !== 'string') {
    throw new PoolError('usage', '--config takes one file, once', { field: '--config' });
  }
  const { serve } = await import('./serve.ts');
  return serve(flags, config);
}

function describe(): Sade {
  const program = sade('ippool').version(packageVersion());
  program.command('serve', 'Give addresses over HTTP (the default command)', { default: true });
  program.option('-c, --config', 'JSON file with settings');
  for (const { name, short, help, fallback } of SETTINGS) {
    const text = fallback === undefined ? help : `${help}  (default ${fallback})`;
    program.option(short === undefined ? `--${name}` : `-${short}, --${name}`, text);
  }
  for (const [verb, help] of Object.entries(JOURNAL_VERBS)) {
    program.command(`journal ${verb} [dir]`, help);
    if (verb === 'repair')
      program.option('--accept-loss', 'Go on where something is lost, keeping all that can be read');
  }
  return program;
}
