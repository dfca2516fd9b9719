import {
  type FoundParameter,
  type Parameter,
  type ParameterContent,
  parameterArn,
  parameterId,
} from '@bakehouse/domain';
import type { ParameterContext } from './context.ts';

/** The key of every SecureString: the platform's own. */
export const platformKey = 'alias/aws/ssm';

type Viewer = Pick<ParameterContext, 'accountId' | 'region' | 'secrets'>;

/** The value, decrypted where that is asked for. */
function shownValue(
  context: Viewer,
  { name, content }: { readonly name: string; readonly content: ParameterContent },
  isDecrypted: boolean,
): string {
  if (content.type !== 'SecureString' || !isDecrypted) return content.value;
  return context.secrets.open(content.value, parameterId(context, name));
}

/** A parameter as GetParameter shows it. */
export function parameterView(context: Viewer, found: FoundParameter, isDecrypted = false) {
  const { name, content, ownerId, selector } = found;
  return {
    Name: name,
    Type: content.type,
    Value: shownValue(context, found, isDecrypted),
    Version: content.version,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    LastModifiedDate: new Date(content.modifiedAt),
    ARN: parameterArn({ region: context.region, ownerId }, name),
    DataType: content.dataType,
  };
}

/** What DescribeParameters and GetParameterHistory both show. */
function contentView(name: string, content: ParameterContent) {
  const { description, allowedPattern } = content;
  return {
    Name: name,
    Type: content.type,
    ...(content.type === 'SecureString' ? { KeyId: platformKey } : {}),
    LastModifiedDate: new Date(content.modifiedAt),
    LastModifiedUser: content.modifiedBy,
    ...(description === undefined ? {} : { Description: description }),
    ...(allowedPattern === undefined ? {} : { AllowedPattern: allowedPattern }),
    Version: content.version,
    Tier: content.tier,
    Policies: [],
    DataType: content.dataType,
  };
}

export const metadataView = (parameter: Parameter) => ({
  ...contentView(parameter.name, parameter.content),
  ARN: parameterArn(parameter, parameter.name),
});

export function historyView(
  context: Viewer,
  version: { readonly name: string; readonly content: ParameterContent },
  labels: readonly string[],
  isDecrypted: boolean,
) {
  return {
    ...contentView(version.name, version.content),
    Value: shownValue(context, version, isDecrypted),
    Labels: [...labels],
  };
}
