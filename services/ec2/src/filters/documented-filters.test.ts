import { documentedFilters, type Ec2OperationName } from '@bakehouse/aws-model';
import { describe, expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { operations } from '../operations/registry.ts';
import { testContext } from '../testing/test-context.ts';

const served = Object.keys(operations) as (OperationName & Ec2OperationName)[];
const filtered = served.filter((name) => documentedFilters(name) !== undefined);

/** A family such as `tag:<key>` is tried with one of its names. */
const sampleName = (name: string) => name.replace(/<[^>]+>/, 'sample');

/** What an operation needs in addition to its filters. */
const required: Partial<Record<OperationName, object>> = {
  DescribeLaunchTemplateVersions: { Versions: ['$Latest'] },
};

/** The parameter that has the filters, where it is not `Filters`. */
const parameters: Partial<Record<OperationName, string>> = { DescribeNatGateways: 'Filter' };

const context = testContext();

/** Calls an operation with one filter and returns the code of its refusal. */
async function refusalOf(name: OperationName, filter: string): Promise<string | undefined> {
  const { callUntyped } = await context;
  const filters = [{ Name: filter, Values: ['sample'] }];
  const request = { ...required[name], [parameters[name] ?? 'Filters']: filters };
  try {
    await callUntyped(name, request);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe.each(filtered)('%s', (name) => {
  test('takes every filter of the documentation', async () => {
    const refused: string[] = [];
    for (const documented of documentedFilters(name)?.names ?? []) {
      const refusal = await refusalOf(name, sampleName(documented));
      if (refusal) refused.push(`${documented}: ${refusal}`);
    }
    expect(refused).toEqual([]);
  });

  test('refuses a filter that does not exist', async () => {
    expect(await refusalOf(name, 'no-such-filter')).toBe('InvalidParameterValue');
  });
});

test('every served Describe operation with documented filters was tried', () => {
  expect(filtered).toContain('DescribeSecurityGroups');
  expect(filtered.length).toBeGreaterThanOrEqual(15);
});
