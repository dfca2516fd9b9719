import { describe, expect, it } from 'vitest';
import { smbiosOptions, systemUuid } from './system-identity.ts';

const first = 'i-0123456789abcdef0';

describe('the identity of a machine', () => {
  it('is a UUID that begins with ec2, different for each instance, the same each time', () => {
    expect(systemUuid(first)).toMatch(
      /^ec2[0-9a-f]{5}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(systemUuid(first)).toBe(systemUuid(first));
    expect(systemUuid(first)).not.toBe(systemUuid('i-0123456789abcdef1'));
  });

  it('is in the firmware tables as cloud-init looks for it: serial and UUID are equal', () => {
    const uuid = systemUuid(first);
    const guest = { instanceId: first, instanceType: 't3.micro', isTemplate: false } as const;
    expect(smbiosOptions(guest)).toEqual([
      'type=0,vendor=Amazon EC2,version=1.0',
      `type=1,manufacturer=Amazon EC2,product=t3.micro,uuid=${uuid},serial=${uuid}`,
      `type=2,manufacturer=Amazon EC2,asset=${first}`,
      'type=3,manufacturer=Amazon EC2,asset=Amazon EC2',
    ]);
    // The same words are in cloud-boot of the image builder.
    const template = smbiosOptions({ ...guest, isTemplate: true });
    expect(template[1]).toMatch(/,sku=bakehouse template$/);
  });
});

// The same value is in warm-start.test.ts of the image builder: guests make it, too.
it('the UUID of an instance never changes', () => {
  expect(systemUuid('i-0123456789abcdef0')).toBe('ec2a1cd7-2bce-4cdb-a0a4-8c2a8b3a8d35');
});
