import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { ec2Shapes } from '@bakehouse/aws-model';
import { ApiError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { fromGoldenJson, toGoldenJson } from '../test-support/golden-json.ts';
import { decodeEc2Query } from './query/decode-ec2-query.ts';
import { encodeEc2Error, encodeEc2Response } from './xml/encode-ec2-response.ts';

/**
 * `golden/<Operation>/<case>.form` is a request body. `<case>.json` says what it means, and what is
 * answered: `{input, output}`, or `{error}` when it is refused. `<case>.xml` is the answer's bytes.
 * `UPDATE_GOLDEN=1` rewrites all but the form and the output.
 */
interface Golden {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

const folder = new URL('../golden/', import.meta.url);
const requestId = '59dbff89-35bd-4eac-99ed-be587EXAMPLE';
const isUpdate = process.env.UPDATE_GOLDEN === '1';
const cases = globSync('*/*.form', { cwd: folder }).map((name) => name.slice(0, -'.form'.length));

test('there are golden cases', () => {
  expect(cases.length).toBeGreaterThan(8);
});

test.each(cases)('%s', (name) => {
  const form = readFileSync(new URL(`${name}.form`, folder));
  const json = new URL(`${name}.json`, folder);
  const xml = new URL(`${name}.xml`, folder);
  const golden: Golden = existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : {};
  const actual = exchange(new Uint8Array(form.subarray(0, form.indexOf('\n'))), golden);
  if (isUpdate) {
    writeFileSync(json, toGoldenJson(actual.golden));
    writeFileSync(xml, `${actual.xml}\n`);
  }
  expect(`${actual.xml}\n`).toBe(readFileSync(xml, 'utf8'));
  expect(toGoldenJson(actual.golden)).toBe(readFileSync(json, 'utf8'));
});

/** One request and its answer; the output is the golden file's own. */
function exchange(body: Uint8Array, golden: Golden): { golden: Golden; xml: string } {
  try {
    const { action, input } = decodeEc2Query({ rawQuery: '', body });
    const output = fromGoldenJson(ec2Shapes.output(action), golden.output ?? {}) as object;
    const xml = encodeEc2Response(action, output as never, requestId);
    return { golden: { input, output }, xml };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, status, message } = error;
    return { golden: { error: { code, status, message } }, xml: encodeEc2Error(error, requestId) };
  }
}
