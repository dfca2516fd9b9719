const letterOrPartition = '[a-z](?:[1-9]|1[0-5])?';
const names = new RegExp(`^(?:/dev/)?(?:(?:sd|hd|xvd)${letterOrPartition}|(?:sd|xvd)[a-d][a-z])$`);

/** `/dev/sdf`, `/dev/xvdf`, `sdf`: what EBS takes ("Device names on Amazon EC2"). */
export const isDeviceName = (name: string): boolean => names.test(name);

/** What a guest calls its NVMe instance store; no name for an EBS volume. */
export const isStoreName = (name: string): boolean => /^\/dev\/nvme\d{1,2}n1$/.test(name);

/** `/dev/sdf`, `sdf` and `/dev/xvdf` are one attachment point: guests see one of these names. */
export const attachmentPoint = (deviceName: string): string =>
  deviceName.replace(/^\/dev\//, '').replace(/^xvd/, 'sd');
