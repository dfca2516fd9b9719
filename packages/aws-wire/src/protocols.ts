import type { ProtocolName } from '@bakehouse/aws-model';
import { awsJson } from './json/aws-json.ts';
import type { Protocol } from './protocol.ts';
import { awsQuery } from './query/aws-query.ts';
import { ec2Query } from './query/ec2-query.ts';
import { restJson1 } from './rest/rest-json.ts';
import { restXml } from './rest/rest-xml.ts';

export const protocols = {
  ec2Query,
  awsQuery,
  awsJson1_0: awsJson('1.0'),
  awsJson1_1: awsJson('1.1'),
  restJson1,
  restXml,
} as const satisfies Record<ProtocolName, Protocol>;
