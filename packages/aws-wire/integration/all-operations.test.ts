import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryStructure } from '../test-support/arbitrary-value.ts';
import {
  tested,
  valuesFor,
  wholeServices,
  withoutSpecial,
} from '../test-support/tested-services.ts';
import { understoodAnswer, understoodRequest } from '../test-support/understood.ts';

/** Every operation of every service; `src/protocols.test.ts` tries some of them. */
const services = [['ec2', tested.ec2] as const, ...(await wholeServices())];
/** Shrinking would take minutes for shapes as large as some are. */
const runs = { numRuns: 2, endOnFailure: true };

/** The SDK's own middleware adds parameters to these: a presigned URL and its region. */
const rewritten: ReadonlySet<string> = new Set(['CopySnapshot']);

test.each(services)(
  'what the SDK writes for each operation of %s is read as it was meant',
  async (_, service) => {
    const options = valuesFor(service);
    const { model } = service;
    for (const name of model.operationNames().filter((one) => !rewritten.has(one))) {
      const { input: shape } = model.find(name) ?? expect.unreachable();
      await fc.assert(
        fc.asyncProperty(arbitraryStructure(shape, options), async (input) => {
          const understood = await understoodRequest(service, name, input);
          expect(understood?.operation).toBe(name);
          expect(withoutSpecial(understood?.input ?? {}, options)).toEqual(input);
        }),
        runs,
      );
    }
  },
  300_000,
);

test.each(services)(
  'the SDK reads what each operation of %s returns as it was meant',
  async (_, service) => {
    const options = valuesFor(service);
    const { model } = service;
    for (const name of model.operationNames()) {
      const shape = model.find(name) ?? expect.unreachable();
      const [request = {}] = fc.sample(arbitraryStructure(shape.input, options), 1);
      await fc.assert(
        fc.asyncProperty(arbitraryStructure(shape.output, options), async (output) => {
          const understood = await understoodAnswer(service, name, request, output);
          expect(withoutSpecial(understood, options)).toEqual(output);
        }),
        runs,
      );
    }
  },
  300_000,
);
