import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type LaunchTemplateVersion, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';
import { findTemplateVersion } from './template-version.ts';

/** What RunInstances is asked for, after its launch template was laid under it. */
export type LaunchParameters = Ec2Input<'RunInstances'>;

const templateName = (specification: NonNullable<LaunchParameters['LaunchTemplate']>) =>
  specification.LaunchTemplateId ?? specification.LaunchTemplateName;

function checkSpecification(request: LaunchParameters): void {
  const specification = request.LaunchTemplate;
  if (!specification) return;
  if (!templateName(specification)) {
    throw apiError('MissingParameter', { parameter: 'LaunchTemplateId or LaunchTemplateName' });
  }
  if (specification.LaunchTemplateId && specification.LaunchTemplateName) {
    throw apiError('InvalidParameterCombination', {
      message: 'Only one of LaunchTemplateId and LaunchTemplateName can be specified',
    });
  }
}

/** Tags of both, the request's own winning per resource type. */
function mergeTags(
  template: LaunchParameters['TagSpecifications'],
  request: LaunchParameters['TagSpecifications'],
): LaunchParameters['TagSpecifications'] {
  const own = new Set((request ?? []).map((each) => each.ResourceType));
  return [...(template ?? []).filter((each) => !own.has(each.ResourceType)), ...(request ?? [])];
}

function layOver(request: LaunchParameters, version: LaunchTemplateVersion): LaunchParameters {
  const data = version.data as Partial<LaunchParameters>;
  const { NetworkInterfaces, SecurityGroupIds, SecurityGroups } = request;
  const replacesNetwork = NetworkInterfaces || SecurityGroupIds || SecurityGroups;
  const { NetworkInterfaces: _, ...withoutNetwork } = data;
  return {
    ...(replacesNetwork ? withoutNetwork : data),
    ...Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)),
    TagSpecifications: mergeTags(data.TagSpecifications, request.TagSpecifications),
    MinCount: request.MinCount,
    MaxCount: request.MaxCount,
  };
}

/** The request with its launch template's data under it: what the request names wins. */
export async function launchParameters(
  reader: MetadataReader,
  context: OperationContext,
  request: LaunchParameters,
): Promise<LaunchParameters> {
  checkSpecification(request);
  if (!request.LaunchTemplate) return request;
  const version = await findTemplateVersion(reader, context, request.LaunchTemplate);
  return layOver(request, version);
}
