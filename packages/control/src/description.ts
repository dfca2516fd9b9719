import { apiError } from '@bakehouse/domain';

const lengthMax = 255;

/** Refuses a description that is longer than EC2 allows. */
export function checkDescription(text: string | undefined): void {
  if (text === undefined || text.length <= lengthMax) return;
  throw apiError('InvalidParameterValue', {
    message: `The description has ${text.length} characters; it must have at most ${lengthMax}`,
  });
}
