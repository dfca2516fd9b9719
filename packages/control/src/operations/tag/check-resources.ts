import { apiError } from '@bakehouse/domain';

/** EC2: "up to 1000 resources" for each call. */
const resourcesMax = 1000;

export function checkResources(ids: readonly string[]): void {
  if (ids.length === 0) throw apiError('MissingParameter', { parameter: 'ResourceId' });
  if (ids.length <= resourcesMax) return;
  throw apiError('InvalidParameterValue', {
    message: `At most ${resourcesMax} resources can be named in one call, ${ids.length} were given`,
  });
}
