import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  type LaunchTemplateVersion,
  type MetadataReader,
  type Tags,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { findWord } from '../request/text.ts';
import { checkDeviceNames } from './block-devices.ts';
import { findTemplateVersion } from './template-version.ts';

/** The parameters of RunInstances, also after merging with a launch template. */
export type LaunchParameters = Ec2Input<'RunInstances'>;

type TagSpecifications = LaunchParameters['TagSpecifications'];
type Mappings = LaunchParameters['BlockDeviceMappings'];
type Ebs = NonNullable<NonNullable<Mappings>[number]['Ebs']>;
type Nics = LaunchParameters['NetworkInterfaces'];
/** The data of a template version: the members of RunInstances, one of them spelled differently. */
type TemplateData = Partial<LaunchParameters> & { readonly RamDiskId?: string | undefined };

const given = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/**
 * Members that are forms of one value, like a zone's name and id: a request that gives one of them replaces all of
 * the template's.
 */
function formsOver<Value extends object, Form extends keyof Value>(
  request: Value,
  forms: readonly Form[],
): Partial<Pick<Value, Form>> {
  if (forms.every((form) => request[form] === undefined)) return {};
  return Object.fromEntries(forms.map((form) => [form, request[form]])) as Pick<Value, Form>;
}

/** The tags of both. For each type of resource, the request's tag wins where both have a key. */
function mergeTags(template: TagSpecifications, request: TagSpecifications): TagSpecifications {
  const merged = new Map<string | undefined, Map<string | undefined, string | undefined>>();
  for (const { ResourceType: type, Tags: tags = [] } of template ?? []) {
    const byKey = merged.get(type) ?? new Map();
    for (const { Key, Value } of tags) byKey.set(Key, Value);
    merged.set(type, byKey);
  }
  const own = (request ?? []).map((each) => ({
    ...each,
    Tags: each.Tags ?? [],
  }));
  for (const { ResourceType: type, Tags: tags } of own) {
    for (const { Key } of tags) merged.get(type)?.delete(Key);
  }
  const inherited = [...merged].map(([type, byKey]) => ({
    ResourceType: type as (typeof own)[number]['ResourceType'],
    Tags: [...byKey].map(([Key, Value]) => ({ Key, Value })),
  }));
  return [...inherited.filter((each) => each.Tags.length > 0), ...own];
}

/** As with an image's mapping: where the request names another type, the figures of the template's do not apply. */
function mergeEbs(template: Ebs, request: Ebs): Ebs {
  const { VolumeType: before } = template;
  const { VolumeType: after } = request;
  const isOtherType = before && after && !findWord(after, [before]);
  const { Iops: _, Throughput: __, ...withoutFigures } = template;
  return { ...(isOtherType ? withoutFigures : template), ...given(request) };
}

/** The devices of both, by name. Where both name a device, the request's members win. */
function mergeMappings(template: Mappings, request: Mappings): Mappings {
  if (!template || !request) return request ?? template;
  checkDeviceNames(request);
  const own = new Map(request.map((each) => [each.DeviceName, each]));
  const below = template.map((base) => {
    const over = own.get(base.DeviceName);
    if (!over) return base;
    if (!over.Ebs || !base.Ebs) return over;
    return { ...over, Ebs: mergeEbs(base.Ebs, over.Ebs) };
  });
  const named = new Set(template.map((each) => each.DeviceName));
  return [...below, ...request.filter((each) => !named.has(each.DeviceName))];
}

interface NicPlace {
  readonly DeviceIndex?: number | undefined;
  readonly NetworkCardIndex?: number | undefined;
}

/** Each network card has device indexes of its own. */
const placeOf = (nic: NicPlace) => `${nic.NetworkCardIndex ?? 0}/${nic.DeviceIndex ?? 0}`;

/** Refuses two interfaces in one place, in EC2's words. */
export function refuseSharedPlaces(nics: readonly NicPlace[]): void {
  if (new Set(nics.map(placeOf)).size === nics.length) return;
  throw apiError('InvalidParameterValue', {
    message: 'Each network interface requires a unique device index.',
  });
}

/** The network interfaces of both, by card and device index. */
function mergeNics(template: Nics, request: Nics): Nics {
  if (!template || !request) return request ?? template;
  refuseSharedPlaces(request);
  const own = new Map(request.map((each) => [placeOf(each), each]));
  const below = template.map((base) => {
    const over = own.get(placeOf(base));
    return mergeObjects(base, over, ['PrivateIpAddress', 'PrivateIpAddresses']) ?? base;
  });
  const named = new Set(template.map(placeOf));
  return [...below, ...request.filter((each) => !named.has(placeOf(each)))];
}

/**
 * A subnet or group ids at the request's top level replace those of the template's first interface. Group names stay
 * where they are, and are refused next to an interface, as without a template.
 */
function interfaces(data: TemplateData, request: LaunchParameters): Partial<LaunchParameters> {
  const { NetworkInterfaces: own, SubnetId, SecurityGroupIds } = request;
  const base = data.NetworkInterfaces;
  if (!base?.length) return {};
  if (own?.length) return { NetworkInterfaces: mergeNics(base, own) ?? [] };
  const [first, ...others] = base;
  const changed = {
    ...first,
    ...given({ SubnetId, Groups: SecurityGroupIds }),
  };
  return {
    NetworkInterfaces: [changed, ...others],
    SubnetId: undefined,
    SecurityGroupIds: undefined,
  };
}

type GroupLists = Pick<LaunchParameters, 'SecurityGroupIds' | 'SecurityGroups'>;

/** Groups by id and groups by name are one list. */
export const groupsOver = (request: GroupLists): GroupLists =>
  formsOver(request, ['SecurityGroupIds', 'SecurityGroups']);

/** Merges request and version: the request's members win; lists are merged by their items. */
function layOver(
  request: LaunchParameters,
  version: Pick<LaunchTemplateVersion, 'data'>,
): LaunchParameters {
  const { RamDiskId, ...data } = version.data as TemplateData;
  const own = given(request) as LaunchParameters;
  return {
    ...data,
    ...(RamDiskId ? { RamdiskId: RamDiskId } : {}),
    ...own,
    ...groupsOver(own),
    TagSpecifications: mergeTags(data.TagSpecifications, own.TagSpecifications),
    BlockDeviceMappings: mergeMappings(data.BlockDeviceMappings, own.BlockDeviceMappings),
    Placement: mergeObjects(data.Placement, own.Placement, [
      'AvailabilityZone',
      'AvailabilityZoneId',
    ]),
    MaintenanceOptions: mergeObjects(data.MaintenanceOptions, own.MaintenanceOptions),
    MetadataOptions: mergeObjects(data.MetadataOptions, own.MetadataOptions),
    ...interfaces(data, own),
    MinCount: request.MinCount,
    MaxCount: request.MaxCount,
  };
}

function mergeObjects<Value extends object>(
  base: Value | undefined,
  over: Value | undefined,
  forms: readonly (keyof Value)[] = [],
): Value | undefined {
  if (!base || !over) return over ?? base;
  return { ...base, ...given(over), ...formsOver(over, forms) };
}

export interface MergedLaunch {
  readonly parameters: LaunchParameters;
  /** EC2's own tags on instances that were launched from a template. */
  readonly templateTags: Tags;
}

/** The request merged with its launch template, if it names one. */
export async function launchRequest(
  reader: MetadataReader,
  context: Pick<OperationContext, 'accountId' | 'region'>,
  request: LaunchParameters,
): Promise<MergedLaunch> {
  if (!request.LaunchTemplate) return { parameters: request, templateTags: {} };
  const version = await findTemplateVersion(reader, context, request.LaunchTemplate);
  return {
    parameters: layOver(request, version),
    templateTags: {
      'aws:ec2launchtemplate:id': version.templateId,
      'aws:ec2launchtemplate:version': String(version.version),
    },
  };
}
