import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Answers } from './responses.ts';

function told(...answers: readonly (readonly [ip: string, vm: string])[]): Answers {
  const all = new Answers();
  for (const [ip, vm] of answers) all.add(ip, vm);
  return all;
}

const figures = ({ count, duplicates, moved }: Answers) => ({ count, duplicates, moved });

describe('bench.Answers', () => {
  it('has nothing to say of an address for each', () => {
    assert.deepEqual(figures(told(['.2', 'a'], ['.3', 'b'])), { count: 2, duplicates: 0, moved: 0 });
  });

  it('has nothing to say of an answer that came again', () => {
    assert.deepEqual(figures(told(['.2', 'a'], ['.2', 'a'], ['.2', 'a'])), { count: 1, duplicates: 0, moved: 0 });
  });

  it('counts an address that two owners were told', () => {
    assert.deepEqual(figures(told(['.2', 'a'], ['.2', 'b'])), { count: 2, duplicates: 1, moved: 0 });
  });

  it('counts every answer that the first owner contradicts', () => {
    const answers = told(['.2', 'a'], ['.2', 'b'], ['.2', 'c'], ['.2', 'b'], ['.2', 'a']);
    assert.deepEqual(figures(answers), { count: 3, duplicates: 3, moved: 0 });
  });

  it('counts an owner that was told another address', () => {
    assert.deepEqual(figures(told(['.2', 'a'], ['.3', 'a'])), { count: 1, duplicates: 0, moved: 1 });
  });

  it('keeps both addresses of one that moved: either is a duplicate for somebody else', () => {
    assert.equal(told(['.2', 'a'], ['.3', 'a'], ['.2', 'b']).duplicates, 1);
    assert.equal(told(['.2', 'a'], ['.3', 'a'], ['.3', 'b']).duplicates, 1);
  });

  it('counts an address that went to an owner who had another as both', () => {
    assert.deepEqual(figures(told(['.2', 'a'], ['.3', 'b'], ['.2', 'b'])), { count: 2, duplicates: 1, moved: 1 });
  });

  it('counts what is not held at the end: gone, or held elsewhere; and not what nobody was told', () => {
    const answers = told(['.2', 'a'], ['.3', 'b'], ['.4', 'c']);
    const held = (ip: string, vm_id: string) => ({ ip, vm_id });
    assert.equal(answers.lostIn([held('.2', 'a'), held('.3', 'b'), held('.4', 'c')]), 0);
    assert.equal(answers.lostIn([held('.2', 'a'), held('.3', 'b')]), 1);
    assert.equal(answers.lostIn([held('.2', 'a'), held('.3', 'c'), held('.4', 'b')]), 2);
    assert.equal(answers.lostIn([held('.2', 'a'), held('.3', 'b'), held('.4', 'c'), held('.5', 'd')]), 0);
    assert.equal(answers.lostIn([]), 3);
  });
});
