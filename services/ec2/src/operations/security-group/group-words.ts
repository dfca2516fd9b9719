import { apiError } from '@bakehouse/domain';

/** EC2: the characters of names and descriptions in a VPC. */
const allowed = 'a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*';
const pattern = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

const invalid = (message: string) => apiError('InvalidParameterValue', { message });

const setWords = (noun: string) =>
  `Invalid security group ${noun}. Valid ${noun}s are strings less than 256 characters from the following set:  ${allowed}`;

export function checkGroupName(name: string): void {
  if (name.trim() === '') throw apiError('MissingParameter', { parameter: 'GroupName' });
  if (name.toLowerCase() === 'default') {
    throw apiError('InvalidGroup.Reserved', { name });
  }
  if (name.toLowerCase().startsWith('sg-')) {
    throw invalid(
      `Invalid value '${name.slice(0, 300)}' for groupName. Group names may not be in the format sg-*.`,
    );
  }
  if (!pattern.test(name)) throw invalid(setWords('name'));
}

export function checkGroupDescription(description: string): void {
  if (description === '') throw apiError('MissingParameter', { parameter: 'GroupDescription' });
  if (!pattern.test(description)) throw invalid(setWords('description'));
}

/** A rule's description as it is kept; an empty one is none. */
export function ruleDescription(text: string | undefined): { description?: string } {
  if (text === undefined || text === '') return {};
  if (!pattern.test(text)) {
    throw invalid(
      `Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: ${allowed}`,
    );
  }
  return { description: text };
}
