import type { Image } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { launchType, refuseTypeHere, refuseUnrunnable } from './launch-type.ts';

type Needs = Pick<Image, 'id' | 'architecture' | 'boot' | 'enaSupport'>;

const image: Needs = {
  id: 'ami-0123456789abcdef0',
  architecture: 'x86_64',
  boot: { kind: 'disk', mode: 'uefi-preferred' },
  enaSupport: true,
};

test.each(['t1.micro', 'm1.small', 'm2.xlarge', 'c1.medium', 'cc2.8xlarge', 'm3.large'])(
  '%s runs an HVM image',
  (name) => {
    const type = launchType(name, image);
    refuseUnrunnable(image, type, { compute: 'qemu' });
    expect(type.name).toBe(name);
  },
);

test.each([
  ['x9.huge', {}, 'InvalidParameterValue', 'Invalid value'],
  ['m7g.large', {}, 'InvalidParameterValue', "The architecture 'arm64'"],
  ['mac1.metal', {}, 'InvalidParameterValue', "The architecture 'x86_64_mac'"],
  ['t3.micro', { boot: { kind: 'kernel' } }, 'InvalidParameterCombination', 'hvm'],
  ['t3.micro', { enaSupport: false }, 'InvalidParameterCombination', 'ENA'],
] as const)('%s refuses an image that is not for it: %j', (name, changes, code, words) => {
  const refusal = { code, message: expect.stringContaining(words) };
  expect(() => launchType(name, { ...image, ...changes })).toThrow(
    expect.objectContaining(refusal),
  );
});

test.each([
  ['m1.small', { boot: { kind: 'kernel' } }, /paravirtual.*Use an x86_64 image/],
  ['m7g.large', { architecture: 'arm64' }, /the architecture arm64/],
  ['t3.micro', { boot: { kind: 'disk', mode: 'uefi' } }, /the boot mode uefi/],
  ['c5.metal', {}, /c5.metal has bare metal hardware/],
  ['g5.xlarge', {}, /g5.xlarge has NVIDIA A10G accelerators.*such as t3.micro/],
  ['f1.2xlarge', {}, /Xilinx/],
  ['inf1.xlarge', {}, /AWS Inferentia/],
  ['x8i.96xlarge', {}, /384 virtual CPUs \(a machine here has 255 at most\)/],
] as const)('machines here cannot run %s with %j, but in a simulation', (name, changes, words) => {
  const needs = { ...image, ...changes };
  const type = launchType(name, needs);
  expect(() => refuseUnrunnable(needs, type, { compute: 'qemu' })).toThrow(
    expect.objectContaining({ code: 'Unsupported', message: expect.stringMatching(words) }),
  );
  refuseUnrunnable(needs, type, { compute: 'simulated' });
});

test('a stopped instance cannot become a type that cannot run here', () => {
  const type = launchType('g5.xlarge', image);
  expect(() => refuseTypeHere(type, { compute: 'qemu' })).toThrow(/A10G/);
});
