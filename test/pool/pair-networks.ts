import assert from 'node:assert/strict';
import { contains, lastAddress, overlaps } from '../../src/net/cidr.ts';
import type { Range } from '../../src/net/range.ts';
import { decideAddNetwork, decideRemoveNetwork, decideUpdateNetwork } from '../../src/pool/decide/network.ts';
import { decideReserve, decideUnreserve } from '../../src/pool/decide/reservation.ts';
import { ownerKey } from '../../src/pool/allocation.ts';
import type { Command, SettingsWish } from './commands.ts';
import { includes, meet, ModelNetwork, type Settings } from './model.ts';
import { ownerNamed, type Pair, releasedAt } from './pair.ts';
import { addressAt, CIDRS, isLarge, rangeAt, segmentsOf } from './places.ts';

type Of<Do extends Command['do']> = Extract<Command, { do: Do }>;

const DEFAULTS = {
  gateway: undefined,
  ranges: [],
  excluded: [],
  strategy: 'round-robin',
  cooldown: 0,
  sticky: 0,
  policy: 'refuse',
  drain: false,
  name: undefined,
} as const;

export function add(pair: Pair, id: string, command: Of<'add'>): void {
  if (pair.models.has(id)) return; // ids are made up by the service
  const cidr = CIDRS[command.cidr % CIDRS.length]!;
  const { wish, after } = wishOf(command, { ...DEFAULTS, cidr });
  const refused = refusals(pair, undefined, after);
  const { events, code } = pair.decide(() => decideAddNetwork(pair.pool, id, { ...wish, cidr }, pair.origin()));
  assert.ok(code === undefined ? refused.length === 0 : refused.includes(code), `${code} for ${refused.join()}`);
  if (code !== undefined) return;
  pair.apply(events);
  pair.models.set(id, new ModelNetwork(after));
}

export function update(pair: Pair, id: string, command: Of<'update'>): void {
  const model = pair.models.get(id)!;
  pair.settleAll();
  const { wish, after } = wishOf(command, model.settings);
  const refused = refusals(pair, model, after);
  const decide = () => decideUpdateNetwork(pair.pool, pair.network(id), wish, pair.origin());
  const { events, code } = pair.decide(decide);
  assert.ok(code === undefined ? refused.length === 0 : refused.includes(code), `${code} for ${refused.join()}`);
  if (code !== undefined) return;
  pair.apply(events);
  model.change(after);
  assert.deepEqual(pair.decide(decide), { events: [], code: undefined }, 'the same settings again are no change');
}

export function remove(pair: Pair, id: string, force: boolean): void {
  const model = pair.models.get(id)!;
  pair.settleAll();
  const isAllowed = model.given.length === 0 || (force && model.settings.drain);
  const { events, code } = pair.decide(() => decideRemoveNetwork(pair.network(id), force, pair.origin()));
  assert.equal(code, isAllowed ? undefined : 'network_in_use');
  if (!isAllowed) return;
  assert.deepEqual(
    events.map(({ type }) => type),
    [...model.given.map(() => 'ip_released'), 'network_removed'],
  );
  for (const given of model.given) assert.ok(releasedAt(given, pair.now) >= given.at);
  pair.apply(events);
  pair.models.delete(id);
}

export function reserve(pair: Pair, id: string, command: Of<'reserve'>): void {
  const model = pair.models.get(id)!;
  pair.settleAll();
  const { cidr } = model.settings;
  const { base: first } = cidr;
  const range = command.all ? { family: cidr.family, first, last: lastAddress(cidr) } : rangeAt(cidr, ...command.range);
  const owner = command.owner === undefined ? undefined : ownerNamed(command.owner);
  // An owner with a key instead of a VM cannot be written down.
  const written = owner && (owner.vm_id === '' ? undefined : owner);
  const key = written && ownerKey(written);
  const refused: string[] = [];
  if (!isInside(cidr, range)) refused.push('invalid_address');
  if (model.reserved.some((one) => meet(one, range))) refused.push('reservation_overlap');
  const isOther = (holder: string | undefined) => key === undefined || holder !== key;
  if (model.given.some((one) => meet(one, range) && isOther(one.owner))) refused.push('address_taken');
  const name = `res-${pair.now}`;
  const expires_at = command.owner === undefined ? pair.now + 9000 : undefined;
  const wish = { range, reason: 'printer', owner: written, expires_at };
  const { events, code } = pair.decide(() => decideReserve(pair.network(id), name, wish, pair.origin()));
  assert.ok(code === undefined ? refused.length === 0 : refused.includes(code), `${code} for ${refused.join()}`);
  if (code !== undefined) return;
  pair.apply(events);
  model.reserved.push({ id: name, first: range.first, last: range.last, owner: key });
}

export function unreserve(pair: Pair, id: string, which: number): void {
  const model = pair.models.get(id)!;
  pair.settleAll();
  const reserved = model.reserved[which];
  const reason = which % 2 === 0 ? 'removed' : 'expired';
  const { events, code } = pair.decide(() =>
    decideUnreserve(pair.network(id), reserved?.id ?? 'none', reason, pair.origin()),
  );
  assert.equal(code, reserved ? undefined : 'reservation_not_found');
  pair.apply(events);
  model.reserved = model.reserved.filter((one) => one !== reserved);
}

/** What an operator says, and what the settings should be afterwards. */
function wishOf(command: SettingsWish | Of<'add'>, before: Settings) {
  const index = command.cidr;
  const cidr = index === undefined ? before.cidr : CIDRS[index % CIDRS.length]!;
  const { family } = cidr;
  const spans = (list: readonly (readonly [number, number])[]) => list.map(([at, more]) => rangeAt(cidr, at, more));
  let ranges = command.ranges && spans(command.ranges);
  if (isLarge(cidr) && (ranges ?? before.ranges).length === 0) ranges = segmentsOf(cidr);
  const excluded = command.excluded && spans(command.excluded);
  const gateway = typeof command.gateway === 'number' ? addressAt(cidr, command.gateway) : command.gateway;
  const { strategy, cooldown, sticky, policy, drain, name } = command;
  const wish = {
    ...(index === undefined ? {} : { cidr }),
    gateway: typeof gateway === 'bigint' ? { family, value: gateway } : gateway,
    ranges,
    excluded,
    strategy,
    cooldown_seconds: cooldown,
    sticky_seconds: sticky,
    cooldown_policy: policy,
    drain,
    name,
  };
  const after: Settings = {
    cidr,
    gateway: gateway === undefined ? before.gateway : (gateway ?? undefined),
    ranges: ranges ?? before.ranges,
    excluded: excluded ?? before.excluded,
    strategy: strategy ?? before.strategy,
    cooldown: cooldown ?? before.cooldown,
    sticky: sticky ?? before.sticky,
    policy: policy ?? before.policy,
    drain: drain ?? before.drain,
    name: name === undefined ? before.name : (name ?? undefined),
  };
  return { wish, after };
}

/** All that speaks against settings. */
function refusals(pair: Pair, model: ModelNetwork | undefined, after: Settings): string[] {
  const refused: string[] = [];
  const { cidr, gateway, ranges, excluded, name } = after;
  const before = model?.settings;
  const isMisfit = (range: Range) => !isInside(cidr, range);
  if (before && before.cidr.family !== cidr.family) return ['usage'];
  if (ranges.some(isMisfit) || (excluded !== before?.excluded && excluded.some(isMisfit))) refused.push('usage');
  if (gateway !== undefined && !ModelNetwork.isHost({ cidr, gateway: undefined }, gateway)) refused.push('usage');
  for (const [id, other] of pair.models) {
    if (other === model) continue;
    if (overlaps(other.settings.cidr, cidr)) refused.push('network_overlap');
    if (name !== undefined && (other.settings.name === name || id === name)) refused.push('network_exists');
  }
  if (!model) return refused;
  if (model.reserved.some((one) => !isInside(cidr, { family: cidr.family, ...one }))) refused.push('network_in_use');
  const isInRange = (at: bigint) => ranges.length === 0 || ranges.some((range) => includes(range, at));
  for (const { first, last, isPrefix } of model.given) {
    for (let at = first; at <= last; at++) {
      const isFit = ModelNetwork.isHost(after, at) || (isPrefix && at === cidr.base && at !== gateway);
      if (!isFit || !isInRange(at)) refused.push('network_in_use');
    }
  }
  return refused;
}

function isInside(cidr: Settings['cidr'], { family, first, last }: Range): boolean {
  return contains(cidr, { family, value: first }) && contains(cidr, { family, value: last });
}
