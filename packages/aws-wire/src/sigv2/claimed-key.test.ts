import { expect, test } from 'vitest';
import type { RequestHead } from '../message.ts';
import { mayHaveSignatureV2InBody, signatureV2Key } from './claimed-key.ts';

const head: RequestHead = { method: 'POST', path: '/', rawQuery: '', headers: {} };
const signature = 'Signature=x%2By%3D&SignatureMethod=HmacSHA256&SignatureVersion=2';

test('the key is in the query, in the form or in the header', () => {
  const rawQuery = `Action=DescribeRegions&AWSAccessKeyId=AKIA1&${signature}`;
  expect(signatureV2Key({ ...head, rawQuery })).toBe('AKIA1');
  expect(signatureV2Key(head, `AWSAccessKeyId=AKIA2&${signature}`)).toBe('AKIA2');
  const headers = { authorization: 'AWS AKIA3:frJIUN8DYpKDtOLCwo=' };
  expect(signatureV2Key({ ...head, headers })).toBe('AKIA3');
});

test.each([
  '',
  'Action=DescribeRegions',
  'AWSAccessKeyId=',
  'AWSAccessKeyId=a%20b',
  `AWSAccessKeyId=${'a'.repeat(129)}`,
])('there is none in %j', (rawQuery) => {
  expect(signatureV2Key({ ...head, rawQuery }, rawQuery)).toBeUndefined();
});

test('a form may have it, other bodies may not', () => {
  const withType = (type: string) => ({ ...head, headers: { 'content-type': type } });
  expect(
    mayHaveSignatureV2InBody(withType('application/x-www-form-urlencoded; charset=utf-8')),
  ).toBe(true);
  expect(mayHaveSignatureV2InBody(withType('application/json'))).toBe(false);
  expect(mayHaveSignatureV2InBody(head)).toBe(false);
});
