import type { Ec2Output } from '@bakehouse/aws-model';
import type { TimestampMs } from '@bakehouse/base';
import { apiError, bootMode, type Image, reportedLaunch } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { grantsView } from '../../request/sharing.ts';
import { secondText } from '../../views/time.ts';
import { ownImage } from './own-image.ts';

type Answer = Omit<Ec2Output<'DescribeImageAttribute'>, '$metadata'>;

/** An attribute without a value is returned empty. */
const attributeValue = (value: string | undefined) => (value === undefined ? {} : { Value: value });

const attributes: Readonly<Record<string, (image: Image, now: TimestampMs) => Answer>> = {
  description: (image) => ({ Description: attributeValue(image.description) }),
  kernel: (image) => ({ KernelId: attributeValue(image.boot.kernelId) }),
  ramdisk: (image) => ({ RamdiskId: attributeValue(image.boot.ramdiskId) }),
  launchPermission: (image) => ({ LaunchPermissions: grantsView(image.launchPermissions) }),
  productCodes: () => ({ ProductCodes: [] }),
  // Deprecated; EC2 returns it to nobody ("DescribeImageAttribute").
  blockDeviceMapping() {
    throw apiError('AuthFailure', {
      message: 'Unauthorized attempt to access restricted resource: use DescribeImages',
    });
  },
  sriovNetSupport: (image) => ({ SriovNetSupport: attributeValue(image.sriovNetSupport) }),
  bootMode: (image) => ({ BootMode: attributeValue(bootMode(image)) }),
  tpmSupport: (image) => ({ TpmSupport: attributeValue(image.tpmSupport) }),
  uefiData: () => ({ UefiData: {} }),
  lastLaunchedTime(image, now) {
    const at = reportedLaunch(image, now);
    return { LastLaunchedTime: attributeValue(at === undefined ? undefined : secondText(at)) };
  },
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
  return { ImageId: image.id, ...get(image, context.now) };
};
