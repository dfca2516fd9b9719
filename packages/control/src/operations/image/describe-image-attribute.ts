import type { Ec2Output } from '@bakehouse/aws-model';
import { apiError, type Image } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { grantsView } from '../../sharing.ts';
import { unknownAttribute } from '../../unknown-attribute.ts';
import { ownImage } from './own-image.ts';

type Answer = Omit<Ec2Output<'DescribeImageAttribute'>, '$metadata'>;

/** An attribute without a value is answered as an empty one. */
const attributeValue = (value: string | undefined) => (value === undefined ? {} : { Value: value });

const attributes: Readonly<Record<string, (image: Image) => Answer>> = {
  description: (image) => ({ Description: attributeValue(image.description) }),
  kernel: (image) => ({ KernelId: attributeValue(image.kernelId) }),
  ramdisk: (image) => ({ RamdiskId: attributeValue(image.ramdiskId) }),
  launchPermission: (image) => ({ LaunchPermissions: grantsView(image.launchPermissions) }),
  productCodes: () => ({ ProductCodes: [] }),
  // Deprecated; EC2 answers it to nobody ("DescribeImageAttribute").
  blockDeviceMapping() {
    throw apiError('AuthFailure', {
      message: 'Unauthorized attempt to access restricted resource: use DescribeImages',
    });
  },
  sriovNetSupport: (image) => ({ SriovNetSupport: attributeValue(image.sriovNetSupport) }),
  bootMode: (image) => ({ BootMode: attributeValue(image.bootMode) }),
  tpmSupport: (image) => ({ TpmSupport: attributeValue(image.tpmSupport) }),
  uefiData: () => ({ UefiData: {} }),
  lastLaunchedTime: ({ lastLaunchedAt }) => ({
    LastLaunchedTime: attributeValue(
      lastLaunchedAt ? new Date(lastLaunchedAt).toISOString() : undefined,
    ),
  }),
  imdsSupport: (image) => ({ ImdsSupport: attributeValue(image.imdsSupport) }),
  deregistrationProtection: () => ({ DeregistrationProtection: { Value: 'disabled' } }),
};

/** One attribute of an own image. */
export const describeImageAttribute: Operation<'DescribeImageAttribute'> = async (
  context,
  request,
) => {
  const { Attribute: name } = request;
  const get = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (!get) throw unknownAttribute(name, Object.keys(attributes));
  const image = await context.read((reader) => ownImage(reader, context, request.ImageId));
  return { ImageId: image.id, ...get(image) };
};
