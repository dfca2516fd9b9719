import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as ec2 from '@aws-sdk/client-ec2';
import * as sts from '@aws-sdk/client-sts';
import type { ShapeData } from '../src/shape-table.ts';
import { filterNamesByInterface } from './filter-names.ts';
import { operationTypes } from './operation-types.ts';
import { shapeData } from './shape-data.ts';

/** All that is generated from the installed SDK: file name to content. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const ec2Data = shapeData(ec2, { version: '2016-11-15', ec2Names: true });
  const stsData = shapeData(sts, {
    version: '2011-06-15',
    ec2Names: false,
    operationNames: new Set(['GetCallerIdentity']),
  });
  const filters = filterNamesByInterface(await ec2Declarations());
  return new Map([
    ['ec2-shapes.json', json(ec2Data)],
    ['ec2-filters.json', json(filtersByOperation(ec2Data, filters))],
    ['ec2-operations.ts', operationTypes(ec2Data)],
    ['sts-shapes.json', json(stsData)],
  ]);
}

function filtersByOperation(data: ShapeData, filters: ReadonlyMap<string, readonly string[]>) {
  const rows = Object.entries(data.operations).flatMap(([operation, shapes]) => {
    const names = filters.get(shapes.split(' ')[0] ?? '');
    return names === undefined ? [] : [[operation, names.join(' ')]];
  });
  return Object.fromEntries(rows);
}

async function ec2Declarations(): Promise<string> {
  const folder = new URL('../dist-types/models/', import.meta.resolve('@aws-sdk/client-ec2'));
  const names = (await readdir(fileURLToPath(folder))).filter((name) => name.startsWith('models_'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  return texts.join('\n');
}

/** One line per entry, so that an SDK update shows as a readable diff. */
function json(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
