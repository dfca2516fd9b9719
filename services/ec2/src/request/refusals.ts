import { apiError, type Snapshot } from '@bakehouse/domain';

/**
 * Refuses parameters that the platform would have to ignore: an accepted parameter has its effect. An empty list
 * or object and `false` ask for nothing. So do the values in `defaults`, which has them by parameter and member.
 */
export function refuseUnserved<Request extends object>(
  request: Request,
  names: readonly (keyof Request & string)[],
  defaults: { readonly [Name in keyof Request]?: unknown } = {},
): void {
  for (const name of names) {
    if (!asksForSomething(request[name], defaults[name])) continue;
    throw apiError('UnsupportedOperation', { parameter: name });
  }
}

/** Refuses a request that gives none of these parameters, or only empty ones, and so asks for no change. */
export function requireOneOf<Request extends object>(
  request: Request,
  names: readonly (keyof Request & string)[],
): void {
  if (names.some((name) => request[name] !== undefined && request[name] !== '')) return;
  throw apiError('MissingParameter', {
    message: `The request must contain at least one of the parameters ${names.join(', ')}`,
  });
}

function asksForSomething(value: unknown, byDefault?: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.some((each) => asksForSomething(each));
  if (typeof value !== 'object') return value !== byDefault;
  const defaults = new Map<string, unknown>(Object.entries(byDefault ?? {}));
  return Object.entries(value).some(([name, each]) => asksForSomething(each, defaults.get(name)));
}

/** A volume holds all of its snapshot. EC2 has a code of its own for a mapping that does not. */
export function refuseSmallerThan(
  snapshot: Snapshot,
  sizeGiB: number,
  code: 'InvalidBlockDeviceMapping' | 'InvalidParameterValue',
): void {
  if (sizeGiB >= snapshot.sizeGiB) return;
  throw apiError(code, {
    message: `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GB`,
  });
}

/** EC2's refusal of user data that is not base64. */
export const badUserData = () => apiError('InvalidParameterValue', { base64Of: 'user data' });

export const unknownZone = (zone: string) =>
  apiError('InvalidParameterValue', { message: `Invalid availability zone: [${zone}]` });

/** EC2's refusal of an attribute that the resource does not have, or that cannot be changed like this. */
export function unknownAttribute(attribute: string, known: readonly string[]) {
  return apiError('InvalidParameterValue', {
    parameter: 'attribute',
    value: attribute,
    expected: known,
  });
}
