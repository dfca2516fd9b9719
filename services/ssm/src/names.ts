import { apiError, parameterArn, parameterPath } from '@bakehouse/domain';
import type { ParameterContext } from './context.ts';
import { invalid } from './refusals.ts';

/** SSM, "Requirements and constraints for parameter names"; the ARN counts. */
const arnCharactersMax = 1011;
const levelsMax = 15;

const nameRules =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';
const pathRules =
  'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.';

/** The name as it may be written: names below `aws` are the platform's. */
export function writableName(
  { accountId: ownerId, region }: Pick<ParameterContext, 'accountId' | 'region'>,
  given: string,
): string {
  const name = given.trim();
  if (/^\/?aws/i.test(name)) {
    throw apiError('AccessDeniedException', {
      message: `No access to reserved parameter name: ${name}.`,
    });
  }
  if (/^\/?ssm/i.test(name)) throw invalid(nameRules);
  if (!/^(?:\/?[\w.-]+)(?:\/[\w.-]+)*$/.test(name)) throw invalid(nameRules);
  if (name.includes('/') && !name.startsWith('/')) {
    throw invalid('Parameter name must be a fully qualified name.');
  }
  const { length } = parameterArn({ region, ownerId }, name);
  if (length > arnCharactersMax) {
    throw invalid(
      `The parameter name is too long: its ARN may have ${arnCharactersMax} characters and would have ${length}.`,
    );
  }
  if (parameterPath(name).split('/').length - 1 > levelsMax) {
    throw apiError('HierarchyLevelLimitExceededException', {
      message: `A parameter name can have at most ${levelsMax} levels in its hierarchy.`,
    });
  }
  return name;
}

/** The path of a folder, with a slash at its end. */
export const asFolder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

/** True when a path is in the folder, itself or, where `isRecursive`, in one of its folders. */
export const isIn = (folder: string, path: string, isRecursive: boolean): boolean =>
  path.startsWith(folder) && (isRecursive || !path.slice(folder.length).includes('/'));

/** The path of GetParametersByPath, with a slash at its end. */
export function folderOfPath(path: string): string {
  if (!/^\/(?:[\w.-]+\/?)*$/.test(path)) throw invalid(pathRules);
  return asFolder(path);
}
