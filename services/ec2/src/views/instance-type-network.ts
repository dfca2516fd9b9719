import type * as Ec2 from '@bakehouse/aws-model';
import type { InstanceType } from '@bakehouse/domain';

type NetworkInfo = NonNullable<
  NonNullable<Ec2.Ec2Output<'DescribeInstanceTypes'>['InstanceTypes']>[number]['NetworkInfo']
>;
type NetworkCard = NonNullable<NetworkInfo['NetworkCards']>[number];

/** Queues that all interfaces of a type share, where a launch may choose those of each. */
const queuesPerVcpu = 4;
/** The types that EC2 has timeouts for differ in the first only. */
const udpStreamTimeoutSeconds = 180;
const udpTimeoutSeconds = 30;

function queuesView({ network, vcpus }: InstanceType): NetworkCard {
  const { queues, queuesMax, cards = 1 } = network ?? {};
  return {
    ...(queues === undefined ? {} : { DefaultEnaQueueCountPerInterface: queues }),
    ...(queuesMax === undefined
      ? {}
      : {
          MaximumEnaQueueCount: (queuesPerVcpu * vcpus) / cards,
          MaximumEnaQueueCountPerInterface: queuesMax,
        }),
  };
}

function cardsView(type: InstanceType): Pick<NetworkInfo, 'NetworkCards'> {
  const { card, cards } = type.network ?? {};
  if (!card || !cards) return {};
  const { performance, interfaces, baselineGbps, peakGbps } = card;
  const figures = {
    NetworkPerformance: performance,
    ...(interfaces === undefined ? {} : { MaximumNetworkInterfaces: interfaces }),
    ...(baselineGbps === undefined ? {} : { BaselineBandwidthInGbps: baselineGbps }),
    ...(peakGbps === undefined ? {} : { PeakBandwidthInGbps: peakGbps }),
    ...queuesView(type),
  };
  const indexes = Array.from({ length: cards }, (_, index) => index);
  return { NetworkCards: indexes.map((NetworkCardIndex) => ({ NetworkCardIndex, ...figures })) };
}

function interfacesView({ network, ipv6 }: InstanceType): NetworkInfo {
  const { performance, interfaces, addressesPerInterface: addresses, cards } = network ?? {};
  return {
    ...(performance === undefined ? {} : { NetworkPerformance: performance }),
    ...(interfaces === undefined ? {} : { MaximumNetworkInterfaces: interfaces }),
    ...(cards === undefined ? {} : { MaximumNetworkCards: cards }),
    DefaultNetworkCardIndex: 0,
    ...(addresses === undefined
      ? {}
      : { Ipv4AddressesPerInterface: addresses, Ipv6AddressesPerInterface: ipv6 ? addresses : 0 }),
    Ipv6Supported: ipv6,
  };
}

/** Elastic Fabric Adapters: at most one on each card. */
function efaView({ network }: InstanceType): NetworkInfo {
  if (!network) return {};
  const { efa, srd, card, cards } = network;
  return {
    EfaSupported: efa,
    ...(efa && card && cards ? { EfaInfo: { MaximumEfaInterfaces: cards } } : {}),
    EnaSrdSupported: srd,
  };
}

function queueSupport({ network, ena }: InstanceType): NetworkInfo {
  if (ena !== 'unsupported' && network?.queues === undefined) return {};
  const flexible = network?.queuesMax !== undefined;
  return { FlexibleEnaQueuesSupport: flexible ? 'supported' : 'unsupported' };
}

export function networkInfoView(type: InstanceType): NetworkInfo {
  const { encryptionInTransit } = type;
  return {
    ...interfacesView(type),
    ...cardsView(type),
    EnaSupport: type.ena,
    ...efaView(type),
    ...(encryptionInTransit === undefined
      ? {}
      : { EncryptionInTransitSupported: encryptionInTransit }),
    ...(type.bandwidthWeightings ? { BandwidthWeightings: ['default', 'ebs-1', 'vpc-1'] } : {}),
    ...queueSupport(type),
    ConnectionTrackingConfiguration: {
      DefaultTcpEstablishedTimeout: type.tcpEstablishedTimeoutSeconds,
      DefaultUdpStreamTimeout: udpStreamTimeoutSeconds,
      DefaultUdpTimeout: udpTimeoutSeconds,
    },
    SecondaryNetworkSupported: false,
  };
}
