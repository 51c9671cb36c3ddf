import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ioError } from '../../../src/store/journal/folder.ts';
import { missingRecords } from '../../../src/store/journal/codec/format.ts';

describe('what the system says of a data folder', () => {
  const failed = (code: string) => ioError('open /d/LOCK', Object.assign(new Error(`${code}: as it says`), { code }));

  it('is said with its remedy where an operator can mend it', () => {
    for (const code of ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR']) {
      const { message, details } = failed(code);
      assert.match(message, new RegExp(`^Cannot open /d/LOCK: .*--data \\(${code}\\)$`));
      assert.deepEqual(details, { errno: code });
    }
  });

  it('is repeated where it cannot be known', () => {
    assert.equal(failed('EIO').message, 'Cannot open /d/LOCK: EIO: as it says');
  });
});

describe('missingRecords', () => {
  it('are one or more', () => {
    assert.equal(missingRecords(2, 2), 'record 2 is missing');
    assert.equal(missingRecords(2, 3, ' of the history'), 'records 2 to 3 of the history are missing');
  });
});
