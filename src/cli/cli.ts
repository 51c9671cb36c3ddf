import sade, { type LazyOutput } from 'sade';
import { SETTINGS } from '../config.ts';
import { PoolError } from '../pool/errors.ts';
import { packageVersion } from '../version.ts';
import { exitCodeOf, printError } from './exit.ts';
import { serve } from './serve.ts';

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
  const program = sade('ippool').version(packageVersion());
  program.command('serve', 'Give addresses over HTTP (the default command)', { default: true });
  program.option('-c, --config', 'JSON file with settings');
  for (const { name, short, help, fallback } of SETTINGS) {
    const text = fallback === undefined ? help : `${help}  (default ${fallback})`;
    program.option(short === undefined ? `--${name}` : `-${short}, --${name}`, text);
  }
  const names = SETTINGS.map(({ name, kind }) => ({ name, isSwitch: kind === 'switch' }));
  const parsed = program.parse(['node', 'ippool', ...argv], {
    lazy: true,
    string: ['config', ...names.filter(({ isSwitch }) => !isSwitch).map(({ name }) => name)],
    boolean: names.filter(({ isSwitch }) => isSwitch).map(({ name }) => name),
    unknown: (flag: string) => {
      throw new PoolError('usage', `Unknown flag ${flag}: see ippool --help`, { field: flag });
    },
  }) as LazyOutput | undefined;
  if (parsed === undefined) return 0; // --help or --version, which sade has printed
  const options = parsed.args.at(-1) as unknown as Record<string, string | boolean | undefined> & { _: string[] };
  const { _: rest, config, ...flags } = options;
  if (rest[0] !== undefined) throw new PoolError('usage', `Unknown command ${rest[0]}: see ippool --help`);
  return serve(flags, typeof config === 'string' ? config : undefined);
}
