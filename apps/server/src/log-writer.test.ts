import { expect, test } from 'vitest';
import { logWriter } from './log-writer.ts';

/** A file on a disk with room for this many bytes. */
function fileWith(room: number) {
  const file = { text: '', room };
  const write = (bytes: Uint8Array) => {
    if (file.room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const taken = bytes.subarray(0, Math.min(file.room, 4));
    file.room -= taken.length;
    file.text += Buffer.from(taken).toString();
    return taken.length;
  };
  return { file, log: logWriter(write) };
}

test('lines are written whole, however little is written at once', () => {
  const { file, log } = fileWith(1000);
  log('the first line\n');
  log('the second line\n');
  expect(file.text).toBe('the first line\nthe second line\n');
});

test('a full disk loses only lines, which are counted when there is room again', () => {
  const { file, log } = fileWith(20);
  log('the first line\n');
  log('torn off here\n');
  log('lost\n');
  file.room = 1000;
  log('the last line\n');
  log('and one more\n');
  const [first, torn, gap, ...rest] = file.text.split('\n');
  expect([first, torn]).toEqual(['the first line', 'torn ']);
  expect(JSON.parse(gap ?? '')).toMatchObject({ level: 'warn', lost: 2 });
  expect(rest).toEqual(['the last line', 'and one more', '']);
});
