import { apiError } from '@bakehouse/domain';

const lengthMax = 255;

/** The description as the record has it; refused when it is longer than EC2 allows. */
export function checkDescription(text: string | undefined): { readonly description?: string } {
  if (text === undefined || text === '') return {};
  if (text.length <= lengthMax) return { description: text };
  throw apiError('InvalidParameterValue', {
    message: `The version description must have at most ${lengthMax} characters`,
  });
}
