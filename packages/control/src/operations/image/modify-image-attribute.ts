import { apiError, type Image } from '@bakehouse/domain';
import { checkDescription } from '../../description.ts';
import { imageUnavailable } from '../../launch/launch-image.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { changeSharing } from '../../sharing.ts';
import { unknownAttribute } from '../../unknown-attribute.ts';
import { ownImage } from './own-image.ts';

type Request = Parameters<Operation<'ModifyImageAttribute'>>[1];
type Change = (image: Image, request: Request) => Image;

function changeDescription(image: Image, { Description, Value }: Request): Image {
  const description = Description?.Value ?? Value ?? '';
  checkDescription(description);
  return { ...image, description };
}

function changeImdsSupport(image: Image, { ImdsSupport, Value }: Request): Image {
  const value = ImdsSupport?.Value ?? Value ?? '';
  if (value === 'v2.0') return { ...image, imdsSupport: value };
  throw apiError('InvalidParameterValue', {
    message: `Value (${value}) for parameter imdsSupport is invalid. Only v2.0 can be set, and it cannot be taken back`,
  });
}

function changePermissions(image: Image, request: Request): Image {
  const launchPermissions = changeSharing(image.launchPermissions, {
    structured: request.LaunchPermission,
    operationType: request.OperationType,
    userIds: request.UserIds,
    groups: request.UserGroups,
  });
  return { ...image, launchPermissions };
}

const changes: Readonly<Record<string, Change>> = {
  description: changeDescription,
  imdsSupport: changeImdsSupport,
  launchPermission: changePermissions,
};

/** Which attribute the request is about: named (older clients), or by the member that is there. */
function attributeOf(request: Request): string {
  const permissions = [request.LaunchPermission, request.UserIds, request.UserGroups];
  const given = new Set([
    ...(request.Attribute ? [request.Attribute] : []),
    ...(request.Description ? ['description'] : []),
    ...(request.ImdsSupport ? ['imdsSupport'] : []),
    ...(permissions.some((each) => each !== undefined) ? ['launchPermission'] : []),
  ]);
  const [name, second] = given;
  if (second !== undefined) {
    throw apiError('InvalidParameterCombination', {
      message: `Fields for multiple attribute types specified: ${[...given].join(', ')}`,
    });
  }
  if (name !== undefined) return name;
  throw apiError('MissingParameter', { message: 'The request must name an attribute to modify' });
}

/** Changes the one attribute that the request names. */
export const modifyImageAttribute: Operation<'ModifyImageAttribute'> = async (context, request) => {
  refuseUnserved(request, ['ProductCodes', 'OrganizationArns', 'OrganizationalUnitArns']);
  const attribute = attributeOf(request);
  const change = Object.hasOwn(changes, attribute) ? changes[attribute] : undefined;
  if (!change) throw unknownAttribute(attribute, Object.keys(changes));
  return await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    if (image.state !== 'available') throw imageUnavailable(image);
    await tx.put('image', change(image, request));
    return {};
  });
};
