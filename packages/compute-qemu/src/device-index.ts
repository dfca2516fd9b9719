const pattern = /^(sd|hd)([a-z]|[a-d][a-z])(\d{1,2})?$/;
const aliases = /^xvd/;

const letterNumber = (letters: string): number =>
  [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 96, 0);

/**
 * The device name of a disk as a number, which the guest reads as `acpi_index` of the PCI device: its serial number is
 * the volume's id and has no room for more. `sdf` and `xvdf` are one attachment point and one number. The letters (a is
 * 1, z 26, aa 27) times 16, plus the partition number; 4096 more for `hd`. The guest's `/usr/lib/bakehouse/disk-name`
 * does the reverse. Undefined for a name of another form, such as `/dev/nvme0n1`. At most 6591; QEMU takes 16383.
 */
export function deviceIndex(deviceName: string): number | undefined {
  const name = deviceName.replace(/^\/dev\//, '').replace(aliases, 'sd');
  const [, prefix, letters, partition = '0'] = pattern.exec(name) ?? [];
  if (letters === undefined || Number(partition) > 15) return undefined;
  return (prefix === 'hd' ? 4096 : 0) + letterNumber(letters) * 16 + Number(partition);
}
