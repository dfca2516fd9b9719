import {
  apiError,
  findParameter,
  type MetadataReader,
  type ParameterScope,
} from '@bakehouse/domain';

const prefix = 'resolve:ssm:';

const unresolved = (alias: string, problem: string) =>
  apiError('InvalidParameterValue', { parameter: 'imageId', value: alias, hint: problem });

/**
 * The image id that `resolve:ssm:NAME`, with or without `:VERSION` or `:LABEL`, means now; any other text as it is
 * (EC2, "Use a Systems Manager parameter instead of an AMI ID").
 */
export async function resolveImageId(
  reader: MetadataReader,
  scope: ParameterScope,
  imageId: string,
): Promise<string> {
  if (!imageId.startsWith(prefix)) return imageId;
  const found = await findParameter(reader, scope, imageId.slice(prefix.length));
  switch (found.kind) {
    case 'no-parameter':
      throw unresolved(imageId, `The Systems Manager parameter ${found.name} does not exist.`);
    case 'no-version':
      throw unresolved(
        imageId,
        `The Systems Manager parameter ${found.name} has no version or label ${found.selector}.`,
      );
    case 'found': {
      const { type, value } = found.content;
      if (type === 'String') return value;
      throw unresolved(
        imageId,
        `The Systems Manager parameter ${found.name} must be of the type String and is a ${type}.`,
      );
    }
  }
}
