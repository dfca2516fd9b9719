import { EC2Client } from '@aws-sdk/client-ec2';
import type { Platform } from './platform.ts';

type Reach = Pick<Platform, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>;

/** One attempt a call: a failure that a second attempt would hide is what these tests look for. */
export function ec2ClientOf(platform: Reach): EC2Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = platform;
  const credentials = { accessKeyId, secretAccessKey };
  return new EC2Client({ endpoint, region, credentials, maxAttempts: 1 });
}
