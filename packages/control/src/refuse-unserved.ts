import { apiError } from '@bakehouse/domain';

/**
 * Refuses parameters that the platform would have to ignore: an accepted parameter has its effect. A list or
 * object that is empty asks for nothing, as does `false`.
 */
export function refuseUnserved<Request extends object>(
  request: Request,
  names: readonly (keyof Request & string)[],
): void {
  for (const name of names) {
    if (!asksForSomething(request[name])) continue;
    throw apiError('UnsupportedOperation', {
      message: `The parameter ${name} is not supported on this platform`,
    });
  }
}

function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.some(asksForSomething);
  if (typeof value === 'object') return Object.values(value).some(asksForSomething);
  return true;
}
