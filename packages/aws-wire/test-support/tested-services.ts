import * as ebs from '@aws-sdk/client-ebs';
import * as ec2 from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as s3 from '@aws-sdk/client-s3';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import { modelOf } from '@bakehouse/aws-model';
import { sdkModel } from '@bakehouse/aws-model/sdk';
import type { ValueOptions } from './arbitrary-value.ts';
import type { TestedService } from './understood.ts';

/** Served from tables, as in production. */
export const tested = {
  ec2: { sdk: ec2, model: modelOf('ec2') },
  ssm: { sdk: ssm, model: modelOf('ssm') },
  sts: { sdk: sts, model: modelOf('sts') },
} as const satisfies Record<string, TestedService>;

/** Whole services, one or more for each protocol, from the schemas of the installed SDK. */
export async function wholeServices(): Promise<ReadonlyMap<string, TestedService>> {
  const of = async (
    name: string,
    sdk: Readonly<Record<string, unknown>>,
    without: string[] = [],
  ) => {
    const packageUrl = import.meta.resolve(`@aws-sdk/client-${name}`);
    return [name, { sdk, model: await sdkModel(packageUrl, sdk, { without }) }] as const;
  };
  return new Map(
    await Promise.all([
      of('ebs', ebs),
      of('iam', iam),
      of('kms', kms),
      // An event stream, and an operation with a host name of its own.
      of('s3', s3, ['SelectObjectContent', 'WriteGetObjectResponse']),
      of('ssm', ssm),
      of('sts', sts),
    ]),
  );
}

/** Members that the middleware of an SDK computes, checks or moves to the host name. */
const special: Readonly<Record<string, Partial<ValueOptions>>> = {
  s3: {
    without: new Set([
      'ContentLength',
      'ContentMD5',
      'CopySourceSSECustomerKey',
      'CopySourceSSECustomerKeyMD5',
      'ExpiresString',
      'SSECustomerKey',
      'SSECustomerKeyMD5',
    ]),
    fixed: { Bucket: 'bucket-1', ChecksumAlgorithm: 'CRC32', ContentType: 'text/plain' },
  },
};

/** How values of a service's shapes are made up. */
export function valuesFor(service: TestedService): ValueOptions {
  const { protocol, service: name } = service.model;
  return { protocol, ...special[name] };
}

/** A value without what the SDK adds. */
export function withoutSpecial(value: object, { without = new Set() }: ValueOptions): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !without.has(name)));
}
