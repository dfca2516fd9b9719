import { documentedFilters, ec2Shapes, isEc2Operation } from '@bakehouse/aws-model';
import { operations } from '@bakehouse/control';

/** The page that lists the served operations, from the registry itself. */
export function operationsPage(): string {
  const served = Object.keys(operations).filter(isEc2Operation).sort();
  const total = ec2Shapes.operationNames().length;
  const rows = served.map((name) => {
    const filters = documentedFilters(name)?.names.length ?? 0;
    return `| ${name} | ${filters > 0 ? filters : ''} |`;
  });
  return [
    '# Operations',
    '',
    `Written by \`npm run operations\`. ${served.length} of EC2's ${total} operations are served, besides STS \`GetCallerIdentity\`. Any other one decodes`,
    'and answers `UnsupportedOperation`; one that EC2 does not have answers `InvalidAction`.',
    '',
    '| operation | filters |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}
