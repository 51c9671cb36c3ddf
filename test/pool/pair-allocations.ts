import assert from 'node:assert/strict';
import { BITS, formatAddress } from '../../src/net/address.ts';
import { decideAllocate } from '../../src/pool/decide/allocate.ts';
import { decideRelease } from '../../src/pool/decide/release.ts';
import { decideUpdate } from '../../src/pool/decide/update.ts';
import { ownerKey } from '../../src/pool/allocation.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { strategyNamed } from '../../src/pool/strategy.ts';
import type { Allocate, Fate } from './commands.ts';
import type { Given, ModelNetwork } from './model.ts';
import { choose } from './model-choice.ts';
import { addressOf, ownerNamed, type Pair, releasedAt } from './pair.ts';
import { addressAt } from './places.ts';

export function allocate(pair: Pair, id: string, command: Allocate): void {
  const model = pair.models.get(id)!;
  const network = pair.network(id);
  const { cidr } = model.settings;
  const owner = ownerNamed(command.owner);
  const key = ownerKey(owner);
  if (isWaiting(pair, id, key)) return; // the service lets it wait
  const { random, ttl, hostname } = command;
  const ip = command.ip === undefined ? undefined : addressAt(cidr, command.ip);
  const prefixLength = command.prefix === undefined ? undefined : BITS[cidr.family] - command.prefix;
  const count = prefixLength === undefined ? command.count : undefined;
  const wish = {
    owner,
    attributes: { hostname, ...(command.mac ? { mac: 'auto' } : {}) },
    ip: ip === undefined ? undefined : formatAddress(cidr.family, ip),
    ttl,
    count,
    prefixLength,
  };
  const strategy = strategyNamed(network.settings.strategy, () => random);
  const { events, code } = pair.decide(() => decideAllocate(pair.pool, network, wish, strategy, pair.origin()));
  const expires_at = ttl === undefined ? undefined : pair.now + ttl * 1000;
  if (prefixLength !== undefined && (cidr.family === 4 || prefixLength < cidr.prefixLength)) {
    assert.equal(code, 'invalid_request');
    return;
  }
  const given = model.of(key);
  if (given) {
    const size = prefixLength === undefined ? BigInt(count ?? 1) : 1n << BigInt(BITS[cidr.family] - prefixLength);
    const isAlike = given.isPrefix === (prefixLength !== undefined);
    const isSized = isAlike && ((count ?? prefixLength) === undefined || size === given.last - given.first + 1n);
    const isAsked = ip === undefined || ip === given.first;
    assert.equal(code, isSized && isAsked ? undefined : 'address_mismatch');
    if (code !== undefined) return;
    const after = {
      ...given,
      hostname: hostname ?? given.hostname,
      expires_at: expires_at ?? given.expires_at,
      ttl: ttl ?? given.ttl,
    };
    const isSame =
      after.hostname === given.hostname && after.expires_at === given.expires_at && after.ttl === given.ttl;
    const types = events.map(({ type }) => type);
    // A MAC may come with it.
    assert.deepEqual(types, isSame && !(command.mac && types.length > 0) ? [] : ['ip_updated']);
    if (events.length === 0) return;
    end(pair, { id, owner: key, events, held: undefined, tell: () => replace(model, given, after) }, command.fate);
    return;
  }
  const outcome = choose(model, { owner: key, ip, count, prefixLength, random }, pair.now);
  if ('refused' in outcome) {
    assert.ok(
      code !== undefined && outcome.refused.some((one) => one === code),
      `${code} for ${outcome.refused.join()}`,
    );
    return;
  }
  assert.equal(code, undefined);
  const [event] = events;
  assert.ok(events.length === 1 && event?.type === 'ip_allocated');
  const first = addressOf(event.ip);
  const last = addressOf(event.end_ip ?? event.ip);
  assert.ok(
    outcome.firsts.includes(first),
    `${event.ip} and not ${outcome.firsts.map((at) => formatAddress(cidr.family, at)).join()}`,
  );
  assert.equal(last - first + 1n, prefixLength === undefined ? BigInt(count ?? 1) : 1n << BigInt(command.prefix!));
  assert.equal(event.requested, outcome.byStrategy ? undefined : true);
  if (event.mac !== undefined) assert.ok(!pair.pool.hasMac(event.mac, event.vrf ?? 'default'), 'a MAC of its own');
  const held = { first, last };
  pair.hold(id, held);
  const tell = () => {
    model.give({
      owner: key,
      first,
      last,
      at: event.at,
      isPrefix: prefixLength !== undefined,
      hostname: hostname ?? undefined,
      expires_at,
      ttl,
    });
    if (outcome.byStrategy) model.cursor = last;
  };
  end(pair, { id, owner: key ?? `at ${first}`, events, held, tell }, command.fate);
}

export function release(pair: Pair, id: string, which: number, fate: Fate): void {
  const { model, given, allocation } = oneOf(pair, id, which);
  if (!given || !allocation) return;
  const { events } = pair.decide(() => decideRelease(pair.network(id), allocation, 'released', pair.origin()));
  const at = releasedAt(given, pair.now);
  end(pair, { id, owner: subjectOf(given), events, held: undefined, tell: () => model.release(given, at) }, fate);
}

export function renew(pair: Pair, id: string, which: number, ttl: number, fate: Fate): void {
  const { model, given, allocation } = oneOf(pair, id, which);
  if (!given || !allocation) return;
  const expires_at = pair.now + ttl * 1000;
  const { events } = pair.decide(() => decideUpdate(pair.network(id), allocation, { expires_at, ttl }, pair.origin()));
  assert.equal(events.length, given.expires_at === expires_at && given.ttl === ttl ? 0 : 1);
  const tell = () => replace(model, given, { ...given, expires_at, ttl });
  end(pair, { id, owner: subjectOf(given), events, held: undefined, tell }, fate);
}

function oneOf(pair: Pair, id: string, which: number) {
  const model = pair.models.get(id)!;
  const given = model.given[which % Math.max(1, model.given.length)];
  if (!given || isWaiting(pair, id, subjectOf(given))) return { model };
  const network = pair.network(id);
  const allocation = network.byOffset(given.last - network.origin);
  assert.equal(allocation && network.origin + allocation.offset, given.first);
  return { model, given, allocation };
}

function subjectOf({ owner, first }: Given): string {
  return owner ?? `at ${first}`;
}

function isWaiting(pair: Pair, id: string, owner: string | undefined): boolean {
  return owner !== undefined && pair.waiting.some((one) => one.id === id && one.owner === owner);
}

function replace(model: ModelNetwork, given: Given, after: Given): void {
  model.given = model.given.map((one) => (one === given ? after : one));
}

type Decided = Pair['waiting'][number] & { readonly events: readonly PoolEvent[] };

function end(pair: Pair, decided: Decided, fate: Fate): void {
  if (fate === 'wait') pair.waiting.push(decided);
  else pair.settle(decided, fate);
}
