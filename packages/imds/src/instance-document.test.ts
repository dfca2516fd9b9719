import { someMetadata } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { DamagedDocumentError, parseInstanceDocument } from './instance-document.ts';

const identity = { document: '{}', pkcs7: 'p', rsa2048: 'r', signature: 's' };

test('a document survives writing and parsing', () => {
  const document = { metadata: someMetadata(), identity };
  expect(parseInstanceDocument(JSON.stringify(document))).toEqual(document);
});

test('a document that is cut off anywhere is damaged', () => {
  const text = JSON.stringify({ metadata: someMetadata(), identity });
  for (let end = 0; end < text.length; end += 1) {
    expect(() => parseInstanceDocument(text.slice(0, end))).toThrow(DamagedDocumentError);
  }
});

test.each(['null', '[]', '{}', '"a"', '{"metadata":{},"identity":{}}', '{"metadata":1}'])(
  'other JSON is a damaged document: %s',
  (text) => {
    expect(() => parseInstanceDocument(text)).toThrow(DamagedDocumentError);
  },
);
