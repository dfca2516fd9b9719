import { expect, test } from 'vitest';
import { type ImageDraft, planImage } from './plan-image.ts';

const draft: ImageDraft = {
  id: 'ami-0aaaaaaaaaaaaaaa1',
  ownerId: '123456789012',
  region: 'us-east-1',
  tags: {},
  createdAt: 0,
  name: 'an-image',
  description: undefined,
  architecture: 'x86_64',
  platformDetails: 'Linux/UNIX',
  enaSupport: false,
  blockDevices: [],
  rootDeviceType: 'instance-store',
  rootDeviceName: '/dev/sda1',
  virtualizationType: 'paravirtual',
  kernelId: 'aki-0aaaaaaaaaaaaaaa1',
  ramdiskId: undefined,
};

test("EC2's members become the root and the boot of the record, and nothing of them is kept twice", () => {
  expect(planImage(draft)).toStrictEqual({
    id: 'ami-0aaaaaaaaaaaaaaa1',
    ownerId: '123456789012',
    region: 'us-east-1',
    tags: {},
    createdAt: 0,
    name: 'an-image',
    state: 'available',
    architecture: 'x86_64',
    platformDetails: 'Linux/UNIX',
    root: { kind: 'instance-store', deviceName: '/dev/sda1' },
    boot: { kind: 'kernel', kernelId: 'aki-0aaaaaaaaaaaaaaa1' },
    enaSupport: false,
    blockDevices: [],
    launchPermissions: { everyone: false, accountIds: [] },
  });
});
