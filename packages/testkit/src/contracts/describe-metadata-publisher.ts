import type { InstanceId, InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { someMetadata } from '../some-metadata.ts';

export interface OpenedMetadataPublisher {
  readonly publisher: MetadataPublisher;
  /** What the guest reads, as far as the harness can see it. */
  read(instanceId: InstanceId): Promise<InstanceMetadata | undefined>;
  dispose(): Promise<void>;
}

const one: InstanceId = 'i-00000000000000001';
const two: InstanceId = 'i-00000000000000002';

/** The promises of `MetadataPublisher`. `open` makes one that has published nothing. */
export function describeMetadataPublisher(
  name: string,
  open: () => Promise<OpenedMetadataPublisher>,
): void {
  describe(`${name} is a MetadataPublisher`, () => {
    let opened: OpenedMetadataPublisher;
    let publisher: MetadataPublisher;
    beforeEach(async () => {
      opened = await open();
      publisher = opened.publisher;
    });
    afterEach(() => opened.dispose());
    const listed = async () => [...(await publisher.list())].sort();

    test('what is published is visible when publish resolves', async () => {
      const metadata = someMetadata({ instanceId: one, tags: { Name: 'é "quoted"\n' } });
      await publisher.publish(metadata);
      expect(await opened.read(one)).toEqual(metadata);
      expect(await listed()).toEqual([one]);
    });

    test('publishing again replaces', async () => {
      await publisher.publish(someMetadata({ instanceId: one, publicIp: '127.18.0.9' }));
      const next = someMetadata({ instanceId: one });
      await publisher.publish(next);
      expect(await opened.read(one)).toEqual(next);
      expect(await listed()).toEqual([one]);
    });

    test('a withdrawn instance reads nothing, and withdrawing again is harmless', async () => {
      await publisher.publish(someMetadata({ instanceId: one }));
      await publisher.publish(someMetadata({ instanceId: two, privateIp: '172.31.0.11' }));
      await publisher.withdraw(one);
      await publisher.withdraw(one);
      expect(await opened.read(one)).toBeUndefined();
      expect(await listed()).toEqual([two]);
    });
  });
}
