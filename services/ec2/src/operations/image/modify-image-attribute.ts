import { apiError, checkState, type Image } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { attributeValue, oneAttribute } from '../../request/attributes.ts';
import { refuseUnserved, unknownAttribute } from '../../request/refusals.ts';
import { changeSharing } from '../../request/sharing.ts';
import { checkDescription, findWord } from '../../request/text.ts';
import { ownImage } from './own-image.ts';

type Request = Parameters<Operation<'ModifyImageAttribute'>>[1];
type Change = (image: Image, request: Request) => Image;

function changeDescription(image: Image, { Description, Value }: Request): Image {
  const description = attributeValue(Description, { attribute: 'description', value: Value });
  checkDescription(description);
  return { ...image, description };
}

function changeImdsSupport(image: Image, { ImdsSupport, Value }: Request): Image {
  const value = attributeValue(ImdsSupport, { attribute: 'imdsSupport', value: Value });
  const imdsSupport = findWord(value, ['v2.0']);
  if (imdsSupport) return { ...image, imdsSupport };
  throw apiError('InvalidParameterValue', {
    parameter: 'imdsSupport',
    value,
    hint: 'Only v2.0 can be set, and it cannot be taken back',
  });
}

function changePermissions(image: Image, request: Request): Image {
  refuseUnserved(request, ['Value']);
  const launchPermissions = changeSharing(image.launchPermissions, {
    attribute: 'launchPermission',
    structured: request.LaunchPermission,
    operationType: request.OperationType,
    userIds: request.UserIds,
    groups: request.UserGroups,
  });
  return { ...image, launchPermissions };
}

const changes = {
  description: changeDescription,
  imdsSupport: changeImdsSupport,
  launchPermission: changePermissions,
} satisfies Readonly<Record<string, Change>>;

const isChangeable = (name: string): name is keyof typeof changes => Object.hasOwn(changes, name);

/** The attribute to change: named (older clients), or the one whose member is given. */
function attributeOf(request: Request): keyof typeof changes {
  const { Attribute: named, Value: value } = request;
  if (named !== undefined && !isChangeable(named)) {
    throw unknownAttribute(named, Object.keys(changes));
  }
  const permissions = [request.UserIds, request.UserGroups].some((list) => list?.length);
  const attribute = oneAttribute(
    {
      description: request.Description,
      imdsSupport: request.ImdsSupport,
      launchPermission:
        request.LaunchPermission ?? request.OperationType ?? (permissions || undefined),
    },
    named,
  );
  if (value !== undefined && !named) throw apiError('MissingParameter', { parameter: 'attribute' });
  return attribute;
}

/** Changes the one attribute that the request names. */
export const modifyImageAttribute: Operation<'ModifyImageAttribute'> = async (context, request) => {
  refuseUnserved(request, ['ProductCodes', 'OrganizationArns', 'OrganizationalUnitArns']);
  const change = changes[attributeOf(request)];
  return await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    checkState('image', image, 'ModifyImageAttribute');
    await tx.put('image', change(image, request));
    return {};
  });
};
