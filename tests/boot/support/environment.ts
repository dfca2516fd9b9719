import type { Platform } from './platform.ts';

/** How programs that take their settings from the environment find the platform. */
export function environmentOf(platform: Platform): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: platform.accessKeyId,
    AWS_SECRET_ACCESS_KEY: platform.secretAccessKey,
    AWS_DEFAULT_REGION: platform.region,
    AWS_REGION: platform.region,
    AWS_ENDPOINT_URL: platform.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
