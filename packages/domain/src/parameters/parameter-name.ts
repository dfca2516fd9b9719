import type { AccountId, RegionName } from '../records/common.ts';

interface Scope {
  readonly accountId: AccountId;
  readonly region: RegionName;
}

/** How a request names a parameter: by name or ARN, perhaps with one of its versions or labels. */
export interface ParameterReference {
  readonly name: string;
  /** The version's number or a label, without the colon. */
  readonly selector?: string;
  /** Whose the parameter is, when an ARN says so; empty for the platform's public ones. */
  readonly ownerId?: string;
  readonly region?: string;
}

const arnPattern = /^arn:[a-z-]+:ssm:([a-z0-9-]+):(\d{12}|):parameter\/(.*)$/;

/** Splits `NAME`, `NAME:3`, `NAME:label` and the same with an ARN; a name has no colon of its own. */
export function readParameterReference(text: string): ParameterReference {
  const [, region, ownerId, path] = arnPattern.exec(text) ?? [];
  const rest = path === undefined ? text : `/${path}`;
  const colon = rest.indexOf(':');
  return {
    name: colon < 0 ? rest : rest.slice(0, colon),
    ...(colon < 0 ? {} : { selector: rest.slice(colon + 1) }),
    ...(region === undefined ? {} : { region }),
    ...(ownerId === undefined ? {} : { ownerId }),
  };
}

/** The name as a path: `x` and `/x` are one parameter. */
export const parameterPath = (name: string): string => (name.startsWith('/') ? name : `/${name}`);

/** The id of a parameter's record. Those of one account and region are in order of their paths. */
export const parameterId = ({ accountId, region }: Scope, name: string): string =>
  `${accountId}/${region}${parameterPath(name)}`;

/** The id of the record of an earlier version. */
export const parameterVersionId = (id: string, version: number): string =>
  `${id}:${String(version).padStart(8, '0')}`;
