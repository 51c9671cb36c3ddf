import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';

const TIMEOUT_MS = 15_000;

describe('Type=notify', { skip: missingTools({ 'systemd-notify': 'systemd', perl: 'perl-base' }) }, () => {
  it('tells systemd when it is ready, with its own process id, and before it ends that it is stopping', async (t) => {
    const manager = await listen(t);
    const server = await startServer({ args: ['--memory'], env: { NOTIFY_SOCKET: manager.path } });
    t.after(() => server.kill('SIGKILL'));
    const ready = await manager.received('READY=1');
    assert.match(ready, new RegExp(`^MAINPID=${server.pid}\\b`, 'm'));
    assert.match(ready, new RegExp(`^STATUS=.*172\\.16\\.0\\.0/24.*${server.url}`, 'm'));
    assert.doesNotMatch(ready, /STOPPING/);

    assert.equal((await server.stop()).code, 0);
    assert.match(await manager.received('STOPPING=1'), /^STOPPING=1\nALIVE=1$/m);
    assert.doesNotMatch(server.stdout(), /cannot tell systemd/);
  });

  it('serves all the same where systemd-notify is missing, and logs that', async (t) => {
    const manager = await listen(t);
    const env = { NOTIFY_SOCKET: manager.path, PATH: '/nonexistent' };
    const server = await startServer({ args: ['--memory'], env });
    t.after(() => server.kill('SIGKILL'));
    assert.equal((await fetch(new URL('/readyz', server.url))).status, 200);
    assert.equal((await server.stop()).code, 0);
    assert.match(server.stdout(), /systemd-notify is missing/);
  });
});

/**
 * Prints every datagram, as lines, and whether the process that it is about still lives. recv(2) drops the file descriptor of the BARRIER=1 that systemd-notify sends last and
 * waits for; socat would keep it, and systemd-notify then gives up after 5 s.
 */
const RECEIVER = `
  $| = 1;
  socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die $!;
  while (defined recv(S, $text, 4096, 0)) {
    my $alive = $text =~ /^MAINPID=(\\d+)/m && kill(0, $1) ? 1 : 0;
    print "$text\\nALIVE=$alive\\n";
  }
`;

interface Manager {
  readonly path: string;
  /** All that came so far. */
  text(): string;
  /** Resolves with all that came as soon as a word is in it. */
  received(word: string): Promise<string>;
}

/** Stands in for the service manager: a unix datagram socket, which Node cannot open. */
async function listen(t: TestContext): Promise<Manager> {
  const folder = await mkdtemp(join(tmpdir(), 'ippool-notify-'));
  const path = join(folder, 'notify');
  const receiver = spawn('perl', ['-MSocket', '-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    receiver.kill();
    await rm(folder, { recursive: true, force: true });
  });
  let text = '';
  receiver.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const until = async (condition: () => boolean, what: string) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    while (!condition()) {
      if (signal.aborted) throw new Error(`${what} did not come: ${text}`);
      await pause(10);
    }
  };
  await until(() => existsSync(path), 'the socket');
  return {
    path,
    text: () => text,
    received: async (word) => {
      await until(() => text.includes(word), word);
      return text;
    },
  };
}
