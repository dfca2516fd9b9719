import {
  detached,
  type InstanceId,
  type MetadataReader,
  type MetadataTransaction,
  type NetworkInterface,
  type NetworkInterfaceId,
} from '@bakehouse/domain';

/** One attachment of an interface: it may be attached again later, also to the same instance. */
export interface InterfaceAttachment {
  readonly nicId: NetworkInterfaceId;
  readonly instanceId: InstanceId;
  readonly attachmentId: `eni-attach-${string}`;
}

/** The interface while it has this attachment; other work may have ended it. */
export async function attachedInterface(
  reader: MetadataReader,
  { nicId, attachmentId }: InterfaceAttachment,
): Promise<NetworkInterface | undefined> {
  const nic = await reader.get('networkInterface', nicId);
  return nic?.attachment?.id === attachmentId ? nic : undefined;
}

/** Ends the attachment in the record. Another attachment, made since, is left alone. */
export async function endInterfaceAttachment(
  tx: MetadataTransaction,
  attachment: InterfaceAttachment,
): Promise<void> {
  const nic = await attachedInterface(tx, attachment);
  if (nic) await tx.put('networkInterface', detached(nic));
}
