import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPoolEvent, PoolFamily } from '../../src/pool/family.ts';
import { Pool } from '../../src/pool/pool.ts';
import { Families } from '../../src/store/families.ts';
import { added, given } from './journal/history.ts';
import { NoteFamily, noted } from './note-family.ts';

describe('Families', () => {
  it('refuses two families with the same type', () => {
    const thief = new NoteFamily('thief', ['note_added', 'ip_allocated']);
    assert.throws(() => new Families([new PoolFamily(), thief]), /ip_allocated belongs to the families pool and thief/);
  });

  it('refuses two families with the same name', () => {
    assert.throws(() => new Families([new PoolFamily(), new NoteFamily('pool')]), /name pool/);
  });

  it('hands an event to the family of its type', () => {
    const pool = new PoolFamily();
    const notes = new NoteFamily();
    const families = new Families([pool, notes]);
    for (const event of [added, noted('a', 'first'), given(2), given(3), noted('b', 'second')]) families.apply(event);
    assert.equal(pool.pool.network('default').count, 2);
    assert.deepEqual([...notes.notes.keys()], ['a', 'b']);
    assert.match(families.violation(noted('a', 'again')) ?? '', /note a exists/);
    assert.match(families.violation(given(2)) ?? '', /10\.0\.0\.2/);
  });

  it('applies an event only when it breaks no rule', () => {
    const notes = new NoteFamily();
    const families = new Families([notes]);
    assert.equal(families.admit(noted('a', 'first')), undefined);
    assert.notEqual(families.admit(noted('a', 'second')), undefined);
    assert.equal(notes.notes.get('a'), 'first');
  });

  for (const call of ['violation', 'apply', 'admit', 'overrule', 'kindOf', 'afterReplay', 'afterMove'] as const) {
    it(`refuses an event of an unknown type: ${call}`, () => {
      const families = new Families([new PoolFamily()]);
      for (const type of ['note_added', 'constructor', '']) {
        assert.throws(() => families[call]({ type }), { code: 'data_mismatch' }, type);
      }
    });
  }

  it('refuses the name of an unknown family', () => {
    const families = new Families([new PoolFamily()]);
    families.requireKnown(['pool']);
    assert.throws(() => families.requireKnown(['pool', 'notes']), { code: 'data_mismatch' });
  });

  it('has a snapshot of the moment of the call, which names the families that have events in it', () => {
    const pool = new Pool();
    const families = new Families([new PoolFamily(pool), new NoteFamily()]);
    assert.deepEqual(families.snapshot().families, []);
    families.apply(noted('a', 'first'));
    assert.deepEqual(families.snapshot().families, ['notes']);
    for (const event of [added, given(2)]) families.apply(event);
    const before = families.snapshot();
    for (const event of [given(3), noted('b', 'second')]) families.apply(event);
    assert.deepEqual(before.families, ['pool', 'notes']);
    const types = [...before.events].map(({ type }) => type);
    assert.deepEqual(types, ['network_added', 'ip_allocated', 'cursor_moved', 'time_told', 'note_added']);
  });

  it('leads from a snapshot to the same state', () => {
    const families = new Families([new PoolFamily(), new NoteFamily()]);
    for (const event of [added, given(2), noted('a', 'first'), given(3)]) families.apply(event);
    const again = families.empty();
    assert.ok(again.isEmpty());
    for (const event of families.snapshot().events) assert.equal(again.admit(event), undefined);
    assert.ok(!again.isEmpty());
    assert.deepEqual([...again.snapshot().events], [...families.snapshot().events]);
  });

  it('exports the sections of all families', () => {
    const families = new Families([new PoolFamily(), new NoteFamily()]);
    for (const event of [added, given(2), noted('a', 'first')]) families.apply(event);
    const sections = [...families.export()].map(([section, items]) => [section, [...items].length]);
    assert.deepEqual(sections, [
      ['networks', 1],
      ['allocations', 1],
      ['notes', 1],
    ]);
  });
});

describe('isPoolEvent', () => {
  it('knows the events of the pool by their type', () => {
    for (const event of [added, given(2)]) assert.ok(isPoolEvent(event));
    for (const type of ['note_added', 'toString', '__proto__']) assert.ok(!isPoolEvent({ type }));
  });
});
