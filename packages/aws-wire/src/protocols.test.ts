import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryStructure } from '../test-support/arbitrary-value.ts';
import {
  tested,
  valuesFor,
  wholeServices,
  withoutSpecial,
} from '../test-support/tested-services.ts';
import { understoodAnswer, understoodRequest } from '../test-support/understood.ts';

const services = [['ec2', tested.ec2] as const, ...(await wholeServices())];

/** Shrinking would take minutes for shapes as large as some are. */
const runs = { numRuns: 15, endOnFailure: true };

/** Some operations of each; `integration/all-operations.test.ts` tries all of them. */
describe.each(services)('%s', (_, service) => {
  const { model } = service;
  const options = valuesFor(service);
  const names = model.operationNames().filter((one) => one !== 'CopySnapshot');
  const operations = fc.constantFrom(...names);
  const arbitraryOf = (side: 'input' | 'output', name: string) => {
    const shape = model.find(name)?.[side] ?? expect.unreachable();
    return arbitraryStructure(shape, options);
  };

  test('what the SDK writes is read as it was meant', async () => {
    const requests = operations.chain((name) =>
      fc.tuple(fc.constant(name), arbitraryOf('input', name)),
    );
    await fc.assert(
      fc.asyncProperty(requests, async ([name, input]) => {
        const understood = await understoodRequest(service, name, input);
        expect(understood?.operation).toBe(name);
        expect(withoutSpecial(understood?.input ?? {}, options)).toEqual(input);
      }),
      runs,
    );
  });

  test('the SDK reads a response as it was meant', async () => {
    const exchanges = operations.chain((name) =>
      fc.tuple(fc.constant(name), arbitraryOf('input', name), arbitraryOf('output', name)),
    );
    await fc.assert(
      fc.asyncProperty(exchanges, async ([name, input, output]) => {
        const understood = await understoodAnswer(service, name, input, output);
        expect(withoutSpecial(understood, options)).toEqual(output);
      }),
      runs,
    );
  });
});
