import { apiError } from '@bakehouse/domain';
import { checkPlainText } from './plain-text.ts';

const lengthMax = 255;

/** Refuses a description that is longer than EC2 allows, or no text. */
export function checkDescription(text: string | undefined): void {
  if (text === undefined) return;
  checkPlainText('description', text);
  if (text.length <= lengthMax) return;
  throw apiError('InvalidParameterValue', {
    message: `The description has ${text.length} characters; it must have at most ${lengthMax}`,
  });
}
