import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Exit, type Server, startServer } from '../support/server.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The part of a test context of node:test that is used here. */
export interface Context {
  after(cleanUp: () => void): void;
}

/** A folder that is deleted after the test. */
export function scratch(context: Context): string {
  const dir = mkdtempSync(join(tmpdir(), 'ippool-faults-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * Starts the built server on a data folder. It does not outlive the test.
 *
 * @param under a command prefix for node, such as `['strace', '-D']`. It must exec node in the same process
 */
export async function serve(
  context: Context,
  {
    data,
    args = [],
    env = {},
    under = [],
  }: { data: string; args?: string[]; env?: Record<string, string>; under?: string[] },
): Promise<Server> {
  const [program, ...rest] = under.length > 0 ? [...under, process.execPath, MAIN] : [process.execPath, MAIN];
  const server = await startServer({ args: ['--data', data, ...args], env, command: [program, ...rest] });
  context.after(() => server.child.kill('SIGKILL'));
  return server;
}

/**
 * Starts the built server and expects it to exit by itself.
 *
 * @param under a command prefix for node, as for {@link serve}
 * @param env variables in addition to those of this process
 */
export function refusal(
  args: string[],
  { under = [], env = {} }: { under?: string[]; env?: Record<string, string> } = {},
): Promise<Exit & { stdout: string; stderr: string }> {
  const [program, ...rest] = [...under, process.execPath];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...rest, MAIN, '--port', '0', ...args], {
      env: { ...process.env, ...env },
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Resolves when the server has logged a line with this text, before or after the call. */
export function logged(server: Server, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!server.stdout().includes(text)) return;
      server.child.stdout.off('data', look);
      resolve();
    };
    server.child.stdout.on('data', look);
    look();
    server.exited.then(() => reject(new Error(`the server exited without logging "${text}"`)), reject);
  });
}
