import type { Ec2Input } from '@bakehouse/aws-model';
import type { LaunchTemplateVersion, MetadataReader, Tags } from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';
import { findTemplateVersion } from './template-version.ts';

/** What RunInstances is asked for, after its launch template was laid under it. */
export type LaunchParameters = Ec2Input<'RunInstances'>;

type TagSpecifications = LaunchParameters['TagSpecifications'];
type Mappings = LaunchParameters['BlockDeviceMappings'];
type Nics = LaunchParameters['NetworkInterfaces'];
/** A version's data. Its members are those of RunInstances but for one's spelling. */
type TemplateData = Partial<LaunchParameters> & { readonly RamDiskId?: string | undefined };

const given = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/** Tags of both; the request's own win by key, for each type of resource. */
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

/** Devices of both, by name; of one that both name, the request's members win. */
function mergeMappings(template: Mappings, request: Mappings): Mappings {
  if (!template || !request) return request ?? template;
  const own = new Map(request.map((each) => [each.DeviceName, each]));
  const below = template.map((base) => {
    const over = own.get(base.DeviceName);
    if (!over) return base;
    if (!over.Ebs || !base.Ebs) return over;
    return { ...over, Ebs: { ...base.Ebs, ...given(over.Ebs) } };
  });
  const named = new Set(template.map((each) => each.DeviceName));
  return [...below, ...request.filter((each) => !named.has(each.DeviceName))];
}

/** Network interfaces of both, by device index. */
function mergeNics(template: Nics, request: Nics): Nics {
  if (!template || !request) return request ?? template;
  const indexOf = (nic: { DeviceIndex?: number | undefined }) => nic.DeviceIndex ?? 0;
  const own = new Map(request.map((each) => [indexOf(each), each]));
  const below = template.map((base) => ({ ...base, ...given(own.get(indexOf(base)) ?? {}) }));
  const named = new Set(template.map(indexOf));
  return [...below, ...request.filter((each) => !named.has(indexOf(each)))];
}

/** A request that says where its interface goes or what guards it says so for the template's interface too. */
function interfaces(data: TemplateData, request: LaunchParameters): Partial<LaunchParameters> {
  const { NetworkInterfaces: own, SubnetId, SecurityGroupIds, SecurityGroups } = request;
  const base = data.NetworkInterfaces;
  if (!base?.length) return {};
  if (own?.length) return { NetworkInterfaces: mergeNics(base, own) ?? [] };
  if (SecurityGroups?.length) return { NetworkInterfaces: undefined };
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

/** The request over the version's data: what the request names wins, member by member where it is a list. */
export function layOver(
  request: LaunchParameters,
  version: Pick<LaunchTemplateVersion, 'data'>,
): LaunchParameters {
  const { RamDiskId, ...data } = version.data as TemplateData;
  const own = given(request) as LaunchParameters;
  // Groups by id and by name are two ways to say one thing: the request's way replaces the template's.
  const groups =
    own.SecurityGroupIds || own.SecurityGroups
      ? { SecurityGroupIds: own.SecurityGroupIds, SecurityGroups: own.SecurityGroups }
      : {};
  return {
    ...data,
    ...(RamDiskId ? { RamdiskId: RamDiskId } : {}),
    ...own,
    ...groups,
    TagSpecifications: mergeTags(data.TagSpecifications, own.TagSpecifications),
    BlockDeviceMappings: mergeMappings(data.BlockDeviceMappings, own.BlockDeviceMappings),
    Placement: mergeObjects(data.Placement, own.Placement),
    MetadataOptions: mergeObjects(data.MetadataOptions, own.MetadataOptions),
    ...interfaces(data, own),
    MinCount: request.MinCount,
    MaxCount: request.MaxCount,
  };
}

function mergeObjects<Value extends object>(
  base: Value | undefined,
  over: Value | undefined,
): Value | undefined {
  if (!base || !over) return over ?? base;
  return { ...base, ...given(over) };
}

export interface LaunchRequest {
  readonly parameters: LaunchParameters;
  /** What EC2 itself tags instances with that were launched from a template. */
  readonly templateTags: Tags;
}

/** The request with its launch template's data under it: what the request names wins. */
export async function launchRequest(
  reader: MetadataReader,
  context: Pick<OperationContext, 'accountId' | 'region'>,
  request: LaunchParameters,
): Promise<LaunchRequest> {
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
