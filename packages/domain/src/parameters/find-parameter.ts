import type { MetadataReader } from '../ports/metadata-store.ts';
import type { AccountId, RegionName } from '../records/common.ts';
import type { ParameterContent } from '../records/parameter.ts';
import {
  type ParameterReference,
  parameterId,
  parameterVersionId,
  readParameterReference,
} from './parameter-name.ts';
import { publicParameterPrefix, publicParameters } from './public-parameters.ts';

export interface ParameterScope {
  readonly accountId: AccountId;
  readonly region: RegionName;
  readonly settings: { readonly platformAccountId: AccountId };
}

/** A version of a parameter that a request may read: the account's own or a public one. */
export interface FoundParameter {
  readonly kind: 'found';
  readonly name: string;
  /** Empty for a public one. */
  readonly ownerId: string;
  readonly content: ParameterContent;
  /** As the request had it. */
  readonly selector?: string;
}

/** Why there is none: no such parameter, or it has no such version or label. */
type AbsentParameter =
  | { readonly kind: 'no-parameter'; readonly name: string }
  | { readonly kind: 'no-version'; readonly name: string; readonly selector: string };

/** The parameter and version that a name or ARN means. */
export async function findParameter(
  reader: MetadataReader,
  scope: ParameterScope,
  text: string,
): Promise<FoundParameter | AbsentParameter> {
  const reference = readParameterReference(text);
  const { name, selector } = reference;
  const versions = isElsewhere(reference, scope)
    ? undefined
    : name.startsWith(publicParameterPrefix)
      ? await publicVersions(reader, scope, name)
      : await ownVersions(reader, scope, reference);
  if (versions === undefined) return { kind: 'no-parameter', name };
  const { ownerId, newest } = versions;
  const found = { kind: 'found', name: versions.name, ownerId } as const;
  if (selector === undefined) return { ...found, content: newest };
  const content = await versions.select(selector);
  return content === undefined
    ? { kind: 'no-version', name: versions.name, selector }
    : { ...found, content, selector };
}

interface Versions {
  readonly name: string;
  readonly ownerId: string;
  readonly newest: ParameterContent;
  select(selector: string): Promise<ParameterContent | undefined>;
}

/** True when an ARN names another region or another owner than the caller. A public parameter's ARN names no owner. */
export function isElsewhere(
  { name, region, ownerId }: ParameterReference,
  scope: Pick<ParameterScope, 'accountId' | 'region'>,
): boolean {
  const isPublic = ownerId === '' && name.startsWith(publicParameterPrefix);
  const isOther = ownerId !== undefined && ownerId !== scope.accountId && !isPublic;
  return isOther || (region !== undefined && region !== scope.region);
}

const versionPattern = /^[1-9]\d{0,14}$/;

async function ownVersions(
  reader: MetadataReader,
  scope: ParameterScope,
  { name }: ParameterReference,
): Promise<Versions | undefined> {
  const parameter = await reader.get('parameter', parameterId(scope, name));
  if (parameter === undefined) return undefined;
  const { content: newest, labels, id } = parameter;
  return {
    name: parameter.name,
    ownerId: parameter.ownerId,
    newest,
    async select(selector) {
      const labelled = Object.hasOwn(labels, selector) ? labels[selector] : undefined;
      const number = versionPattern.test(selector) ? Number(selector) : labelled;
      if (number === undefined || number > newest.version) return undefined;
      if (number === newest.version) return newest;
      return (await reader.get('parameterVersion', parameterVersionId(id, number)))?.content;
    },
  };
}

async function publicVersions(
  reader: MetadataReader,
  { region, settings: { platformAccountId } }: ParameterScope,
  name: string,
): Promise<Versions | undefined> {
  const all = await publicParameters(reader, { region, platformAccountId });
  const versions = all.find((parameter) => parameter.name === name)?.versions ?? [];
  const newest = versions.at(-1);
  if (newest === undefined) return undefined;
  return {
    name,
    ownerId: '',
    newest,
    select: async (selector) => versions.find(({ version }) => String(version) === selector),
  };
}
