import type { ProtocolName } from '@bakehouse/aws-model';
import { headerValue, type RequestHead } from './message.ts';

/** Services of REST with XML; all other REST services of AWS use JSON. */
const restXmlServices: ReadonlySet<string> = new Set([
  's3',
  's3express',
  's3-outposts',
  's3-object-lambda',
  'cloudfront',
  'route53',
]);

/**
 * How a client writes to a service of which nothing but the name is known, so that the refusal can
 * be written in the client's own protocol.
 */
export function guessProtocol(service: string, head: RequestHead): ProtocolName {
  if (service === 'ec2') return 'ec2Query';
  if (restXmlServices.has(service)) return 'restXml';
  const contentType = headerValue(head.headers, 'content-type') ?? '';
  if (contentType.startsWith('application/x-amz-json-1.0')) return 'awsJson1_0';
  const target = headerValue(head.headers, 'x-amz-target');
  if (target !== undefined) return 'awsJson1_1';
  const isForm = contentType.startsWith('application/x-www-form-urlencoded');
  const hasAction = /(?:^|&)Action=/.test(head.rawQuery);
  return isForm || hasAction ? 'awsQuery' : 'restJson1';
}
