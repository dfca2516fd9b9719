import { type Ec2OperationName, ec2Shapes } from '@bakehouse/aws-model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryStructure } from '../test-support/arbitrary-value.ts';
import { understoodAnswer } from '../test-support/understood-answer.ts';
import { understoodRequest } from '../test-support/understood-request.ts';

/** The SDK's own middleware adds parameters to these: a presigned URL and its region. */
const rewritten: ReadonlySet<Ec2OperationName> = new Set(['CopySnapshot']);

test('what the SDK writes for each operation is read as it was meant', async () => {
  for (const name of ec2Shapes.operationNames().filter((one) => !rewritten.has(one))) {
    await fc.assert(
      fc.asyncProperty(arbitraryStructure(ec2Shapes.input(name)), async (input) => {
        const decoded = await understoodRequest(name, input);
        expect(decoded).toEqual({ action: name, version: '2016-11-15', input });
      }),
      { numRuns: 1 },
    );
  }
}, 300_000);

test('the SDK reads what each operation answers as it was meant', async () => {
  for (const name of ec2Shapes.operationNames()) {
    await fc.assert(
      fc.asyncProperty(arbitraryStructure(ec2Shapes.output(name)), async (output) => {
        expect(await understoodAnswer(name, output)).toEqual(output);
      }),
      { numRuns: 1 },
    );
  }
}, 300_000);
