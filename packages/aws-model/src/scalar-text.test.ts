import { expect, test } from 'vitest';
import { readBase64, readBoolean, readInteger, readNumber, readTimestamp } from './scalar-text.ts';

test.each([
  ['true', true],
  ['True', true],
  ['TRUE ', true],
  ['1', true],
  ['false', false],
  ['False', false],
  ['0', false],
  ['', undefined],
  ['yes', undefined],
  ['10', undefined],
])('%j as a boolean is %j', (text, value) => {
  expect(readBoolean(text)).toBe(value);
});

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

test.each([
  ['aGVsbG8=', 'hello'],
  ['aGVsbG8', 'hello'],
  ['aGVs\nbG8=\n', 'hello'],
  ['aGVs\r\nbG8=\r\n', 'hello'],
  [' aGVs \n bG8= ', 'hello'],
  ['', ''],
  ['\n', ''],
  ['aGVs bG8=', undefined],
  ['aGVsbG8==', undefined],
  ['aGVs-G8=', undefined],
  ['a', undefined],
])('%j as base64 is %j', (base64, value) => {
  expect(text(readBase64(base64))).toBe(value);
});

test.each([
  ['7', 7],
  ['+7', 7],
  ['-0', 0],
  ['9007199254740993', undefined],
  ['1.0', undefined],
  ['', undefined],
  ['0x10', undefined],
])('%j as an integer is %j', (written, value) => {
  expect(readInteger(written)).toBe(value);
});

test.each([
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1e3', 1000],
  ['Infinity', undefined],
  ['1e400', undefined],
  ['', undefined],
])('%j as a number is %j', (written, value) => {
  expect(readNumber(written)).toBe(value);
});

test.each([
  ['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.000Z'],
  ['2026-01-31T23:59:59.5+02:00', '2026-01-31T21:59:59.500Z'],
  ['2026-01-31t23:59', '2026-01-31T23:59:00.000Z'],
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['1767225600', '2026-01-01T00:00:00.000Z'],
  ['1767225600.25', '2026-01-01T00:00:00.250Z'],
  ['Thu, 01 Jan 2026 00:00:00 GMT', '2026-01-01T00:00:00.000Z'],
  ['01/02/2026', undefined],
  ['2026-13-01', undefined],
  ['999999999999', undefined],
  ['', undefined],
])('%j as a time is %j', (written, value) => {
  expect(readTimestamp(written)?.toISOString()).toBe(value);
});
