import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { modelOf } from '@bakehouse/aws-model';
import { ApiError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { fromGoldenJson, toGoldenJson } from '../test-support/golden-json.ts';
import { bytesOf } from '../test-support/sdk-exchange.ts';
import { decodedRequest } from '../test-support/understood.ts';
import { ec2Query } from './query/ec2-query.ts';

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

const model = modelOf('ec2');
const folder = new URL('../golden/', import.meta.url);
const requestId = '59dbff89-35bd-4eac-99ed-be587EXAMPLE';
const isUpdate = process.env.UPDATE_GOLDEN === '1';
const cases = globSync('*/*.form', { cwd: folder }).map((name) => name.slice(0, -'.form'.length));

test('there are golden cases', () => {
  expect(cases.length).toBeGreaterThan(8);
});

test.each(cases)('%s', async (name) => {
  const form = readFileSync(new URL(`${name}.form`, folder));
  const json = new URL(`${name}.json`, folder);
  const xml = new URL(`${name}.xml`, folder);
  const golden: Golden = existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : {};
  const actual = await exchange(new Uint8Array(form.subarray(0, form.indexOf('\n'))), golden);
  if (isUpdate) {
    writeFileSync(json, toGoldenJson(actual.golden));
    writeFileSync(xml, `${actual.xml}\n`);
  }
  expect(`${actual.xml}\n`).toBe(readFileSync(xml, 'utf8'));
  expect(toGoldenJson(actual.golden)).toBe(readFileSync(json, 'utf8'));
});

/** One request and its answer; the output is the golden file's own. */
async function exchange(
  body: Uint8Array,
  golden: Golden,
): Promise<{ golden: Golden; xml: string }> {
  try {
    const head = { method: 'POST', path: '/', rawQuery: '', headers: {} };
    const { operation, input } = await decodedRequest(model, { ...head, body });
    const shape = model.find(operation) ?? expect.unreachable();
    const output = fromGoldenJson(shape.output, golden.output ?? {}) as object;
    const reply = ec2Query.encode(model, shape, output, requestId);
    return { golden: { input, output }, xml: (await bytesOf(reply.body)).toString() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, status, message } = error;
    const reply = ec2Query.encodeError(model, error, requestId);
    const xml = (await bytesOf(reply.body)).toString();
    return { golden: { error: { code, status, message } }, xml };
  }
}
