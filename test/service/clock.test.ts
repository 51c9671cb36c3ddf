import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Clock } from '../../src/service/clock.ts';

function start(wall = 1_000_000) {
  const time = { wall, elapsed: 50 };
  const clock = new Clock(
    () => time.wall,
    () => time.elapsed,
  );
  /** Lets time pass, as both of them see it. */
  const pass = (ms: number) => {
    time.wall += ms;
    time.elapsed += ms;
  };
  return { clock, time, pass };
}

describe('clock.now', () => {
  it('is the clock on the wall, in whole milliseconds', () => {
    const { clock, pass } = start(1_000_000.9);
    assert.equal(clock.now(), 1_000_000);
    pass(1500.3);
    assert.equal(clock.now(), 1_001_501);
  });

  it('follows a step forward at once', () => {
    const { clock, time } = start();
    clock.now();
    time.wall += 3_600_000;
    assert.equal(clock.now(), 4_600_000);
  });

  it('goes on by what really passes after a step back, and never tells less than before', () => {
    const { clock, time, pass } = start();
    pass(10_000);
    assert.equal(clock.now(), 1_010_000);
    time.wall -= 3_600_000;
    assert.equal(clock.now(), 1_010_000);
    pass(2_000);
    assert.equal(clock.now(), 1_012_000);
    pass(3_500_000);
    assert.equal(clock.now(), 4_512_000);
  });

  it('is the clock on the wall again once that has caught up', () => {
    const { clock, time } = start();
    clock.now();
    time.wall -= 5_000;
    time.elapsed += 1_000;
    assert.equal(clock.now(), 1_001_000);
    time.wall = 1_009_000;
    time.elapsed += 3_000;
    assert.equal(clock.now(), 1_009_000);
  });

  it('loses nothing after a step back, however often it is asked', () => {
    const { clock, time } = start();
    clock.now();
    time.wall -= 60_000;
    for (let i = 0; i < 10_000; i++) {
      time.elapsed += 1.9;
      clock.now();
    }
    assert.ok(Math.abs(clock.now() - 1_019_000) <= 2, String(clock.now()));
  });

  it('survives a clock of the process that jumps back, which it should not', () => {
    const { clock, time } = start();
    const before = clock.now();
    time.wall -= 1000;
    time.elapsed -= 1000;
    assert.equal(clock.now(), before);
  });
});

describe('clock.notBefore', () => {
  it('is what a restart on a clock that was put back goes on from', () => {
    const { clock, pass } = start(1_000_000);
    clock.notBefore(9_000_000);
    assert.equal(clock.now(), 9_000_000);
    pass(700);
    assert.equal(clock.now(), 9_000_700);
  });

  it('changes nothing when that time is over', () => {
    const { clock, time, pass } = start();
    pass(5_000);
    clock.now();
    time.wall -= 60_000; // which would bring another time to light
    clock.notBefore(1_000_000);
    assert.equal(clock.now(), 1_005_000);
  });
});

describe('clock.ahead', () => {
  it('is nothing while the clock on the wall is followed', () => {
    const { clock, time, pass } = start(1_000_000.9);
    assert.equal(clock.ahead(), 0);
    pass(1500.3);
    time.wall += 3_600_000;
    assert.equal(clock.ahead(), 0);
  });

  it('is by how much that clock is behind what is known to have happened, until it has caught up', () => {
    const { clock, time, pass } = start(1_000_000);
    clock.notBefore(9_000_000);
    assert.equal(clock.ahead(), 8_000_000);
    pass(2000);
    assert.equal(clock.ahead(), 8_000_000, 'both go on');
    time.wall += 5_000_000;
    assert.equal(clock.ahead(), 3_000_000);
    time.wall += 5_000_000;
    assert.equal(clock.ahead(), 0);
  });
});
