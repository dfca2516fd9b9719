import type { InstanceId, InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';

/** `MetadataPublisher` that remembers. */
export class MemoryMetadataPublisher implements MetadataPublisher {
  readonly #published = new Map<InstanceId, InstanceMetadata>();

  async publish(metadata: InstanceMetadata): Promise<void> {
    this.#published.set(metadata.instanceId, structuredClone(metadata));
  }

  async withdraw(instanceId: InstanceId): Promise<void> {
    this.#published.delete(instanceId);
  }

  async list(): Promise<readonly InstanceId[]> {
    return [...this.#published.keys()];
  }

  /** What the guest would read. */
  read(instanceId: InstanceId): InstanceMetadata | undefined {
    return this.#published.get(instanceId);
  }
}
