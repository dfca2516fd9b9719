import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeXml } from './escape-xml.ts';

test.each([
  ['a & b < c > d', 'a &amp; b &lt; c &gt; d'],
  [']]>', ']]&gt;'],
  ['line\r\nline\ttab', 'line&#xD;\nline\ttab'],
  ['\u0000\u0008\u000b\u001f\ufffe\uffff', '\ufffd'.repeat(6)],
  ['\ud83d', '\ufffd'],
  ['😀 é \u0085', '😀 é \u0085'],
  ['', ''],
])('%j is written as %j', (text, xml) => {
  expect(escapeXml(text)).toBe(xml);
});

test('what is written is always legal in an XML document', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const xml = escapeXml(text);
      const illegal = [...xml].filter(
        (character) => character < ' ' && !'\t\n'.includes(character),
      );
      expect(illegal).toEqual([]);
      expect(xml.isWellFormed()).toBe(true);
      expect(xml).not.toMatch(/[\ufffe\uffff]/);
      expect(xml.replace(/&(?:amp|lt|gt|#xD);/g, '')).not.toMatch(/[&<>]/);
    }),
  );
});
