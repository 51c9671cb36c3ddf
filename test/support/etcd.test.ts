import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { missingEtcd } from './etcd-binary.ts';
import { type Etcd, startEtcd } from './etcd.ts';

describe('startEtcd', { skip: missingEtcd() }, () => {
  it('starts one member, which keeps its data after a kill', async (t) => {
    const etcd = await startEtcd();
    t.after(() => etcd.stop());
    await put(etcd, 'a', '1');
    const [member] = etcd.members;
    const { pid } = member!;
    await member!.kill('SIGKILL');
    assert.equal(member!.pid, 0);
    assert.equal(existsSync(`/proc/${pid}`), false);
    await member!.restart();
    assert.equal(await get(etcd, 'a'), '1');
  });

  it('starts three members that tolerate the loss of one', async (t) => {
    const etcd = await startEtcd({ members: 3 });
    t.after(() => etcd.stop());
    assert.equal(new Set(etcd.endpoints).size, 3);
    await etcd.members[1]!.stop();
    await put(etcd, 'b', '2');
    await etcd.members[1]!.restart();
    assert.equal(await get(etcd, 'b', 1), '2');
  });

  it('leaves nothing behind, even if a member does not respond', async () => {
    const etcd = await startEtcd();
    const { pid } = etcd.members[0]!;
    await etcd.members[0]!.kill('SIGSTOP');
    await etcd.stop();
    assert.equal(existsSync(`/proc/${pid}`), false);
  });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function put({ endpoints }: Etcd, key: string, value: string): Promise<void> {
  await ask(endpoints[0], 'put', { key: base64(key), value: base64(value) });
}

async function get({ endpoints }: Etcd, key: string, member = 0): Promise<string | undefined> {
  const { kvs } = (await ask(endpoints[member], 'range', { key: base64(key) })) as { kvs?: { value: string }[] };
  return kvs?.[0] && Buffer.from(kvs[0].value, 'base64').toString();
}

/** Calls etcd's JSON gateway, which waits for a leader. */
async function ask(url: string | undefined, verb: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url ?? ''}/v3/kv/${verb}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}
