import * as ec2 from '@aws-sdk/client-ec2';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import type { ModelData } from '../src/service-model.ts';
import { declaredEnums, sdkDeclarations } from './declared-enums.ts';
import { filterNamesByInterface } from './filter-names.ts';
import { modelData } from './model-data.ts';
import { operationTypes } from './operation-types.ts';

/** Of these services only what is served is in the tables; of EC2 all of it. */
const served = {
  sts: ['GetCallerIdentity'],
  ssm: [
    'AddTagsToResource',
    'DeleteParameter',
    'DeleteParameters',
    'DescribeParameters',
    'GetParameter',
    'GetParameterHistory',
    'GetParameters',
    'GetParametersByPath',
    'LabelParameterVersion',
    'ListTagsForResource',
    'PutParameter',
    'RemoveTagsFromResource',
    'UnlabelParameterVersion',
  ],
};

/** All that is generated from the installed SDK: file name to content. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const declarations = await sdkDeclarations(import.meta.resolve('@aws-sdk/client-ec2'));
  const ec2Data = modelData(ec2, { enums: declaredEnums(declarations, ec2) });
  const stsData = modelData(sts, {
    enums: declaredEnums(await sdkDeclarations(import.meta.resolve('@aws-sdk/client-sts')), sts),
    operations: served.sts,
  });
  const ssmData = modelData(ssm, {
    enums: declaredEnums(await sdkDeclarations(import.meta.resolve('@aws-sdk/client-ssm')), ssm),
    operations: served.ssm,
  });
  const filters = filterNamesByInterface(declarations);
  return new Map([
    ['ec2-model.json', json(ec2Data)],
    ['ec2-filters.json', json(filtersByOperation(ec2Data, filters))],
    ['ec2-operations.ts', operationTypes(ec2Data)],
    ['ssm-model.json', json(ssmData)],
    ['ssm-operations.ts', operationTypes(ssmData)],
    ['sts-model.json', json(stsData)],
    ['sts-operations.ts', operationTypes(stsData)],
  ]);
}

function filtersByOperation(data: ModelData, filters: ReadonlyMap<string, readonly string[]>) {
  const rows = Object.entries(data.operations).flatMap(([operation, shapes]) => {
    const names = filters.get(shapes.split(' ')[0] ?? '');
    return names === undefined ? [] : [[operation, names.join(' ')]];
  });
  return Object.fromEntries(rows);
}

/** One line per entry, so that an SDK update shows as a readable diff. */
function json(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
