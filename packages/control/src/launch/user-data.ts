import { apiError } from '@bakehouse/domain';

/** EC2's bound on user data before base64. */
export const userDataBytesMax = 16_384;

/** Checks base64 as requests carry it; answers it normalised, or undefined for none. */
export function checkUserData(base64: string | undefined): string | undefined {
  if (!base64) return undefined;
  const text = base64.replaceAll(/\s/g, '');
  const bytes = Buffer.from(text, 'base64');
  const unpadded = (value: string) =>
    value.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  if (unpadded(bytes.toString('base64')) !== unpadded(text)) {
    throw apiError('InvalidParameterValue', { message: 'Invalid BASE64 encoding of user data.' });
  }
  if (bytes.length > userDataBytesMax) {
    throw apiError('InvalidParameterValue', {
      message: `User data is limited to ${userDataBytesMax} bytes`,
    });
  }
  return bytes.toString('base64');
}
