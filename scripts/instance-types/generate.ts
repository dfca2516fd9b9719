import { join } from 'node:path';
import { _InstanceType } from '@aws-sdk/client-ec2';
import { describeType } from './describe-type.ts';
import { makeTable, tableText } from './make-table.ts';
import { instanceTypesPage } from './page.ts';
import { readFacts } from './read-facts.ts';

const root = join(import.meta.dirname, '..', '..');

interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** The table of instance types and its documentation: every name of the official model, by the facts. */
export function generateInstanceTypes(): { table: GeneratedFile; page: GeneratedFile } {
  const facts = readFacts();
  const types = Object.values(_InstanceType)
    .toSorted()
    .map((name) => describeType(name, facts));
  const folder = join(root, 'packages', 'domain', 'src', 'instance-types', 'generated');
  return {
    table: { path: join(folder, 'instance-types.json'), text: tableText(makeTable(types)) },
    page: { path: join(root, 'docs', 'instance-types.md'), text: instanceTypesPage(types, facts) },
  };
}
