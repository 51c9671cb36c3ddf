import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The keys of a service that config/compose.yaml may set. */
export interface ComposeService {
  readonly build?: { readonly context: string };
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly pids_limit?: number;
  readonly ports?: readonly string[];
  readonly privileged?: boolean;
  readonly read_only?: boolean;
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
}

/**
 * The services of a compose file as docker-compose reads it: validated against its schema, with variables substituted.
 * Debian's docker-compose depends on Python and PyYAML, which convert its output to JSON.
 *
 * @param env variables in addition to PATH; nothing else is inherited
 */
export async function readCompose(
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, ComposeService>>> {
  const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const command = 'docker-compose --file "$0" config | /usr/bin/python3 -c "$1"';
  const { stdout } = await run('bash', ['-o', 'pipefail', '-c', command, file, toJson], {
    env: { PATH: process.env.PATH ?? '', ...env },
    timeout: 60_000,
  });
  return (JSON.parse(stdout) as { services: Record<string, ComposeService> }).services;
}
