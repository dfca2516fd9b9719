import { documentedFilters, isOperation, modelOf, type ServedApi } from '@bakehouse/aws-model';
import { ec2Api } from '@bakehouse/ec2';
import { ssmApi } from '@bakehouse/ssm';
import { stsApi } from '@bakehouse/sts';

interface Section {
  readonly title: string;
  readonly api: ServedApi<never>;
}

const sections: readonly Section[] = [
  { title: 'EC2', api: ec2Api },
  { title: 'Systems Manager', api: ssmApi },
  { title: 'STS', api: stsApi },
];

/** The page that lists the served operations of all services, from their APIs. */
export function operationsPage(): string {
  return [
    '# Operations',
    '',
    'Written by `npm run operations`. An operation that its service has and that is not served here ends with',
    '`UnsupportedOperation` (in the JSON protocols `UnknownOperationException`), one that the service does not have with',
    '`InvalidAction`. A service that is not listed returns an error of its own protocol that says so.',
    ...sections.flatMap(sectionLines),
    '',
  ].join('\n');
}

function sectionLines({ title, api }: Section): string[] {
  const names = [...api.operationNames].sort();
  const model = modelOf(api.service);
  const total = model.operationNames().length + model.otherOperationNames().length;
  const rows = names.map((name) => `| ${name} | ${filterCount(api, name) || ''} |`);
  return [
    '',
    `## ${title}`,
    '',
    `${names.length} of ${total} operations, protocol \`${model.protocol}\`, version ${model.version}.`,
    '',
    '| operation | filters |',
    '|---|---|',
    ...rows,
  ];
}

function filterCount(api: ServedApi<never>, name: string): number {
  if (api.service !== 'ec2' || !isOperation('ec2', name)) return 0;
  return documentedFilters(name)?.names.length ?? 0;
}
