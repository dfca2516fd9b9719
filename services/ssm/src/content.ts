import {
  apiError,
  kmsArn,
  type Parameter,
  type ParameterContent,
  type ParameterTier,
  parameterId,
  rootUserArn,
} from '@bakehouse/domain';
import { checkAllowedPattern } from './allowed-pattern.ts';
import type { ParameterContext, ParameterRequest } from './context.ts';
import { brokenRule, invalid } from './refusals.ts';
import { platformKey } from './views.ts';

type PutRequest = ParameterRequest<'PutParameter'>;

const charactersMax = { Standard: 4096, Advanced: 8192 } as const;
const descriptionCharactersMax = 1024;

function checkValue(value: string): void {
  if (value === '') {
    throw brokenRule('value', 'Member must have length greater than or equal to 1');
  }
  if (/\{\{.*\}\}/s.test(value)) {
    throw invalid('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
  }
}

/** The tier, which the size of the value decides for `Intelligent-Tiering`. */
function tierOf(
  { Tier: asked, Value: value }: PutRequest,
  before?: ParameterContent,
): ParameterTier {
  const isLarge = value.length > charactersMax.Standard;
  if (before?.tier === 'Advanced') {
    if (asked === 'Standard') {
      throw invalid(
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
      );
    }
    return 'Advanced';
  }
  if (asked === 'Intelligent-Tiering') return isLarge ? 'Advanced' : 'Standard';
  return asked ?? 'Standard';
}

function checkSize(tier: ParameterTier, { length }: string): void {
  if (length <= charactersMax[tier]) return;
  throw invalid(
    tier === 'Standard'
      ? `Standard tier parameters support a maximum parameter value of ${charactersMax.Standard} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.`
      : `Advanced tier parameters support a maximum parameter value of ${charactersMax.Advanced} characters.`,
  );
}

/** Refuses what would be kept without effect. */
function refuseUnservedParts(
  { accountId: ownerId, region }: Pick<ParameterContext, 'accountId' | 'region'>,
  { Policies: policies, KeyId: keyId }: PutRequest,
  type: string,
): void {
  if (policies !== undefined && !/^\s*(?:\[\s*\]|\{\s*\})?\s*$/.test(policies)) {
    throw invalid('Parameter policies are not supported on this platform.');
  }
  if (keyId === undefined) return;
  if (type !== 'SecureString')
    throw invalid('KeyId is required for SecureString type parameter only.');
  if (keyId === platformKey || keyId === kmsArn({ region, ownerId }, platformKey)) return;
  throw apiError('InvalidKeyId', {
    message: `The key ${keyId} does not exist: this platform has no KMS, and encrypts with its own key, ${platformKey}.`,
  });
}

function dataTypeOf({ DataType: asked }: PutRequest, before?: ParameterContent) {
  const dataType = asked ?? before?.dataType ?? 'text';
  if (dataType === 'text' || dataType === 'aws:ec2:image') return dataType;
  throw invalid(
    `The following data type is not supported: ${dataType} (Data type names are all lowercase.); there are text and aws:ec2:image`,
  );
}

function typeOf({ Type: asked }: PutRequest, before?: ParameterContent) {
  const type = asked ?? before?.type;
  if (type === undefined)
    throw invalid('A parameter type is required when you create a parameter.');
  if (before && before.type !== type) throw apiError('HierarchyTypeMismatchException', {});
  return type;
}

/**
 * Plans the next version of the parameter. What the request leaves out is kept from the version before. Throws SSM's
 * errors. The caller checks whether an image exists.
 */
export function planContent(
  context: Pick<ParameterContext, 'accountId' | 'region' | 'now' | 'secrets'>,
  request: PutRequest,
  before?: Parameter,
): ParameterContent {
  const last = before?.content;
  const type = typeOf(request, last);
  const { Value: value, Description: description = last?.description } = request;
  refuseUnservedParts(context, request, type);
  checkValue(value);
  const tier = tierOf(request, last);
  checkSize(tier, value);
  if (description !== undefined && description.length > descriptionCharactersMax) {
    throw invalid(`A description may have ${descriptionCharactersMax} characters.`);
  }
  const allowedPattern = request.AllowedPattern ?? last?.allowedPattern;
  if (allowedPattern) checkAllowedPattern(allowedPattern, value);
  const dataType = dataTypeOf(request, last);
  if (dataType === 'aws:ec2:image' && type !== 'String') {
    throw invalid('The data type aws:ec2:image is for parameters of the type String.');
  }
  const { accountId: ownerId, region, now, secrets } = context;
  const id = parameterId(context, before?.name ?? request.Name.trim());
  return {
    version: (last?.version ?? 0) + 1,
    type,
    value: type === 'SecureString' ? secrets.seal(value, id) : value,
    dataType,
    tier,
    ...(description ? { description } : {}),
    ...(allowedPattern ? { allowedPattern } : {}),
    modifiedAt: now,
    modifiedBy: rootUserArn({ region, ownerId }),
  };
}
