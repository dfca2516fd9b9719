const letterOrPartition = '[a-z](?:[1-9]|1[0-5])?';
const names = new RegExp(`^(?:/dev/)?(?:(?:sd|hd|xvd)${letterOrPartition}|(?:sd|xvd)[a-d][a-z])$`);

/** `/dev/sdf`, `/dev/xvdf`, `sdf`: what EBS takes ("Device names on Amazon EC2"). */
export const isDeviceName = (name: string): boolean => names.test(name);

/** The name of an NVMe instance-store disk in a guest, which an EBS volume cannot have. */
export const isStoreName = (name: string): boolean => /^\/dev\/nvme\d{1,2}n1$/.test(name);

/** One text for all spellings of an attachment point: `/dev/sdf`, `sdf` and `/dev/xvdf` are the same. */
export const attachmentPoint = (deviceName: string): string =>
  deviceName.replace(/^\/dev\//, '').replace(/^xvd/, 'sd');
