import { type Partition, partitionOf } from './partitions.ts';
import type { RegionName, ZoneName } from './records/index.ts';

export interface Region {
  readonly name: RegionName;
  readonly partition: Partition;
  readonly description: string;
  /** Whether an AWS account must ask for the region before it can use it. */
  readonly optIn: boolean;
  readonly zones: readonly { readonly name: ZoneName; readonly id: string }[];
}

type Row = readonly [
  name: string,
  description: string,
  idPrefix: string,
  zones: string,
  optIn?: 'opt-in',
];

/** Name, description, prefix of zone ids, and each zone as letter and number: `a1` is zone `…a` with the id `…-az1`. */
const rows: readonly Row[] = [
  ['af-south-1', 'Africa (Cape Town)', 'afs1', 'a1 b2 c3', 'opt-in'],
  ['ap-east-1', 'Asia Pacific (Hong Kong)', 'ape1', 'a1 b2 c3', 'opt-in'],
  ['ap-east-2', 'Asia Pacific (Taipei)', 'ape2', 'a1 b2 c3', 'opt-in'],
  ['ap-northeast-1', 'Asia Pacific (Tokyo)', 'apne1', 'a4 c1 d2'],
  ['ap-northeast-2', 'Asia Pacific (Seoul)', 'apne2', 'a1 b2 c3 d4'],
  ['ap-northeast-3', 'Asia Pacific (Osaka)', 'apne3', 'a3 b1 c2'],
  ['ap-south-1', 'Asia Pacific (Mumbai)', 'aps1', 'a1 b3 c2'],
  ['ap-south-2', 'Asia Pacific (Hyderabad)', 'aps2', 'a1 b2 c3', 'opt-in'],
  ['ap-southeast-1', 'Asia Pacific (Singapore)', 'apse1', 'a1 b2 c3'],
  ['ap-southeast-2', 'Asia Pacific (Sydney)', 'apse2', 'a1 b3 c2'],
  ['ap-southeast-3', 'Asia Pacific (Jakarta)', 'apse3', 'a1 b2 c3', 'opt-in'],
  ['ap-southeast-4', 'Asia Pacific (Melbourne)', 'apse4', 'a1 b2 c3', 'opt-in'],
  ['ap-southeast-5', 'Asia Pacific (Malaysia)', 'apse5', 'a1 b2 c3', 'opt-in'],
  ['ap-southeast-6', 'Asia Pacific (New Zealand)', 'apse6', 'a1 b2 c3', 'opt-in'],
  ['ap-southeast-7', 'Asia Pacific (Thailand)', 'apse7', 'a1 b2 c3', 'opt-in'],
  ['ca-central-1', 'Canada (Central)', 'cac1', 'a1 b2 d4'],
  ['ca-west-1', 'Canada West (Calgary)', 'caw1', 'a1 b2 c3', 'opt-in'],
  ['cn-north-1', 'China (Beijing)', 'cnn1', 'a1 b2 d4'],
  ['cn-northwest-1', 'China (Ningxia)', 'cnnw1', 'a1 b2 c3'],
  ['eu-central-1', 'Europe (Frankfurt)', 'euc1', 'a2 b3 c1'],
  ['eu-central-2', 'Europe (Zurich)', 'euc2', 'a1 b2 c3', 'opt-in'],
  ['eu-north-1', 'Europe (Stockholm)', 'eun1', 'a1 b2 c3'],
  ['eu-south-1', 'Europe (Milan)', 'eus1', 'a1 b2 c3', 'opt-in'],
  ['eu-south-2', 'Europe (Spain)', 'eus2', 'a1 b2 c3', 'opt-in'],
  ['eu-west-1', 'Europe (Ireland)', 'euw1', 'a1 b2 c3'],
  ['eu-west-2', 'Europe (London)', 'euw2', 'a2 b3 c1'],
  ['eu-west-3', 'Europe (Paris)', 'euw3', 'a1 b2 c3'],
  ['il-central-1', 'Israel (Tel Aviv)', 'ilc1', 'a1 b2 c3', 'opt-in'],
  ['me-central-1', 'Middle East (UAE)', 'mec1', 'a1 b2 c3', 'opt-in'],
  ['me-south-1', 'Middle East (Bahrain)', 'mes1', 'a1 b2 c3', 'opt-in'],
  ['mx-central-1', 'Mexico (Central)', 'mxc1', 'a1 b2 c3', 'opt-in'],
  ['sa-east-1', 'South America (Sao Paulo)', 'sae1', 'a1 b2 c3'],
  ['us-east-1', 'US East (N. Virginia)', 'use1', 'a1 b2 c4 d6 e3 f5'],
  ['us-east-2', 'US East (Ohio)', 'use2', 'a1 b2 c3'],
  ['us-gov-east-1', 'AWS GovCloud (US-East)', 'usge1', 'a1 b2 c3'],
  ['us-gov-west-1', 'AWS GovCloud (US-West)', 'usgw1', 'a1 b2 c3'],
  ['us-west-1', 'US West (N. California)', 'usw1', 'a1 c3'],
  ['us-west-2', 'US West (Oregon)', 'usw2', 'a1 b2 c3 d4'],
];

function regionOf([name, description, idPrefix, zones, optIn]: Row): Region {
  return {
    name,
    partition: partitionOf(name),
    description,
    optIn: optIn === 'opt-in',
    zones: zones.split(' ').map((zone) => ({
      name: `${name}${zone[0]}`,
      id: `${idPrefix}-az${zone.slice(1)}`,
    })),
  };
}

/**
 * The regions of the partitions `aws`, `aws-cn` and `aws-us-gov`, in order of name, but for those of which no
 * zones are public. EC2 may call one zone by other letters in other accounts; here each account has these.
 */
export const publicRegions: readonly Region[] = rows.map(regionOf);

const byName = new Map(publicRegions.map((region) => [region.name, region]));

export function findRegion(name: RegionName): Region | undefined {
  return byName.get(name);
}

/** The zone's id (`use1-az1`), or undefined for a zone that does not exist. */
export function zoneId(zone: ZoneName): string | undefined {
  return byName.get(zone.slice(0, -1))?.zones.find((each) => each.name === zone)?.id;
}

/** The region of records that every region shows: seeded images, whose ids are the same everywhere. */
export const everyRegion: RegionName = '*';

/** True when the region shows the record. */
export function isInRegion(record: { readonly region: RegionName }, region: RegionName): boolean {
  return record.region === region || record.region === everyRegion;
}
