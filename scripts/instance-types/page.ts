import type { InstanceType } from '@bakehouse/domain';
import { coverageOf } from './coverage.ts';
import type { Facts } from './read-facts.ts';

const guest = `## What a guest gets of its type

A description is of AWS's type, so that tools choose types here as they do there. A machine of this platform has:

| described | given |
|---|---|
| virtual CPUs | as many; QEMU runs them on the host's CPUs, several to one when there are few. The clock and the features are the host's (with KVM) or QEMU's \`qemu64\` (without), not the type's |
| cores and threads | those of \`CpuOptions\`, else the type's. Without KVM a guest takes the threads for cores: QEMU's \`qemu64\` cannot show them |
| memory | all of it; a launch that the host has no memory for is refused with \`InsufficientInstanceCapacity\` and the arithmetic |
| instance store | the disks that the mapping asks for (all of them, of types with NVMe disks) in their full size, thin on the host's file system, as virtio disks, not NVMe; empty at each start |
| EBS volumes | virtio disks, not NVMe, without a limit on bandwidth or IOPS; 27 at most with the instance-store disks, whatever the type |
| network | one virtio card with one IPv4 address, without a limit on bandwidth; no IPv6, ENA, EFA or ENA Express |
| boot mode | the BIOS; images that need UEFI are refused |
| burstable performance | CPU credits are stored and shown, and limit nothing |
| GPUs and other accelerators, bare metal, more than 255 virtual CPUs | not given: a launch is refused with \`Unsupported\` |
| arm64 and Mac types | arm64 images are refused with \`Unsupported\`, and other images do not fit these types |
| hibernation, Nitro TPM, enclaves, AMD SEV-SNP, nested virtualization, Dedicated Hosts, spot | not given: a launch that asks for them is refused |
`;

const sources = `## Where the facts come from

AWS publishes no file of its types outside of its API. The facts were read in public copies of its documents and of
recorded responses, and are in \`scripts/instance-types/facts/*.txt\` with the source of each table:

| source | date | facts |
|---|---|---|
| \`InstanceType\` of the official model (npm, \`@aws-sdk/client-ec2\`) | with the package | the names |
| Amazon EC2 Instance Types guide, in public copies: the specifications of each kind of type, the tables of security, instance features and EBS volume limits | 2026 | network, EBS, instance store, accelerators, families |
| [getmoto/moto](https://github.com/getmoto/moto), \`moto/ec2/resources/instance_types.json\`: recorded responses of DescribeInstanceTypes | 2026 | clocks, generations, valid cores, boot modes, words and rules |
| [awsdocs/amazon-ec2-user-guide](https://github.com/awsdocs/amazon-ec2-user-guide), \`doc_source/cpu-options-supported-instances-values.md\`, \`doc_source/ebs-optimized.md\` | 2023 | valid cores; EBS figures of older types |
| [apache/libcloud](https://github.com/apache/libcloud) 3.4.1, \`libcloud/compute/constants/ec2_instance_types.py\`: AWS's price list | 2021 | clocks and disks of older types |
| AWS's announcements of G7, T8i and M3 Ultra Mac instances | 2026 | what the guide does not have yet |

A member for which none of them has a fact is left out of DescribeInstanceTypes, and matches no filter.
`;

const rules = `## Rules

What was not read for each type follows from these, which were found in recorded types of several families.

- A size is so many virtual CPUs: medium 1, large 2, xlarge 4, Nxlarge 4N; memory is in a family's proportion.
  \`facts/types.txt\` has the exceptions. A bare metal size agrees with the size of its host.
- Threads per core: 2; 1 for Graviton and where the family says so. Threads that can be chosen: 1 and 2 where there are 2.
- Valid cores: Graviton each from 1; Xen each up to 16 cores, else the even ones; others by their table. A type of one
  core has that one. Bare metal has none.
- Boot modes: \`uefi\` for Graviton, \`legacy-bios\` for Xen and bare metal, both for other Nitro types.
- EBS: encryption always; NVMe \`required\` on Nitro, else \`unsupported\`; throughput is an eighth of the bandwidth; two
  EBS cards have half of the figures each.
- EBS attachments: 27 less instance-store disks and accelerators (shared with network interfaces); 31 for bare metal;
  40 on Xen (39 for C1, C3, M1, M2, M3 and R3); types with a limit of their own: 32 up to 12xlarge, 48 up to 18xlarge,
  64 for 24xlarge, 88 for 32xlarge, 128 above.
- Network: ENA \`required\` on Nitro; interfaces and bandwidth are shared evenly by the network cards. Types whose queues
  can be chosen have 4 ENA queues for each virtual CPU. Bandwidth weightings are for virtual sizes only. An idle TCP
  connection is forgotten after 350 seconds on Nitro v6, else after 432,000.
- Hibernation: by family, below 150 GiB of memory, not on bare metal.
- Automatic recovery and reboot migration: without instance store, not on bare metal, HPC or Mac.
- Nitro TPM: by family, not on bare metal. Enclaves: by family, from 4 virtual CPUs (2 on Graviton), not on bare metal or T.
- Placement groups: partition and spread; cluster too, but for T types.
`;

const listed = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

function derivedList({ families }: Facts): string {
  const rows = [...families].flatMap(([name, keys]) => {
    const derived = keys.get('derived') ?? '-';
    return derived === '-' ? [] : [`- \`${name}\`: ${derived.replaceAll(',', ', ')}`];
  });
  return rows.join('\n');
}

/** The content of docs/instance-types.md. */
export function instanceTypesPage(types: readonly InstanceType[], facts: Facts): string {
  const rows = coverageOf(types).map(
    ({ name, origin, with: found, without }) => `| ${name} | ${found} | ${without} | ${origin} |`,
  );
  const bare = types.filter(({ network, ebs }) => !network && !ebs).map(({ name }) => name);
  return `# Instance types

Written by \`npm run instance-types\`, which also writes the table \`packages/domain/src/instance-types/generated/instance-types.json\`.
All ${types.length} types of EC2's official model are described.

${guest}
${sources}
## Coverage

Types that have a member, and those for which no public fact was found. Origin: \`each type\` was read in a table of
types; \`family\` was read for the family, and holds for its sizes; \`rule\` follows from the rules below.

| member | types | not public | origin |
|---|---|---|---|
${rows.join('\n')}

Neither network nor EBS figures: ${listed(bare)}.

Read for no type of the family, but for siblings of the same generation:

${derivedList(facts)}

${rules}`;
}
