/**
 * Members that hold a number with a fraction; every other number of EC2's model is whole. The SDK's
 * schemas call both "numeric", so the list comes from the service's own model, where these are
 * `Double` or `Float` (EC2 2016-11-15).
 */
export const fractionalMembers: ReadonlySet<string> = new Set([
  'CapacityReservationFleet.TotalFulfilledCapacity',
  'ClientData.UploadSize',
  'CreateCapacityReservationFleetResult.TotalFulfilledCapacity',
  'EbsCardInfo.BaselineThroughputInMBps',
  'EbsCardInfo.MaximumThroughputInMBps',
  'EbsOptimizedInfo.BaselineThroughputInMBps',
  'EbsOptimizedInfo.MaximumThroughputInMBps',
  'FleetCapacityReservation.FulfilledCapacity',
  'FleetCapacityReservation.Weight',
  'FleetData.FulfilledCapacity',
  'FleetData.FulfilledOnDemandCapacity',
  'FleetLaunchTemplateOverrides.Priority',
  'FleetLaunchTemplateOverrides.WeightedCapacity',
  'FleetLaunchTemplateOverridesRequest.Priority',
  'FleetLaunchTemplateOverridesRequest.WeightedCapacity',
  'GetCapacityManagerSupportabilityScoresRequest.CapacityAmount',
  'GpuDeviceInfo.GpuPartitionSize',
  'IpamDiscoveredResourceCidr.IpUsage',
  'IpamResourceCidr.IpUsage',
  'LaunchTemplateOverrides.Priority',
  'LaunchTemplateOverrides.WeightedCapacity',
  'MemoryGiBPerVCpu.Max',
  'MemoryGiBPerVCpu.Min',
  'MemoryGiBPerVCpuRequest.Max',
  'MemoryGiBPerVCpuRequest.Min',
  'MetricPoint.Value',
  'MetricValue.Value',
  'NetworkBandwidthGbps.Max',
  'NetworkBandwidthGbps.Min',
  'NetworkBandwidthGbpsRequest.Max',
  'NetworkBandwidthGbpsRequest.Min',
  'NetworkCardInfo.BaselineBandwidthInGbps',
  'NetworkCardInfo.PeakBandwidthInGbps',
  'PriceSchedule.Price',
  'PriceScheduleSpecification.Price',
  'PricingDetail.Price',
  'ProcessorInfo.SustainedClockSpeedInGhz',
  'RecurringCharge.Amount',
  'ReservationFleetInstanceSpecification.Weight',
  'ReservedInstanceLimitPrice.Amount',
  'ReservedInstances.FixedPrice',
  'ReservedInstances.UsagePrice',
  'ReservedInstancesOffering.FixedPrice',
  'ReservedInstancesOffering.UsagePrice',
  'SnapshotDetail.DiskImageSize',
  'SnapshotTaskDetail.DiskImageSize',
  'SpotFleetLaunchSpecification.WeightedCapacity',
  'SpotFleetRequestConfigData.FulfilledCapacity',
  'SpotFleetRequestConfigData.OnDemandFulfilledCapacity',
  'TotalLocalStorageGB.Max',
  'TotalLocalStorageGB.Min',
  'TotalLocalStorageGBRequest.Max',
  'TotalLocalStorageGBRequest.Min',
]);

/** Members whose model says "string" and whose documentation lists the values of an enum. */
export const enumLikeMembers: ReadonlyMap<string, string> = new Map([
  ['ModifyImageAttributeRequest.Attribute', 'ImageAttributeName'],
]);

/** Members of which the documentation names values that their enum lacks. */
export const membersBeyondEnum: ReadonlySet<string> = new Set([
  // "For an internet gateway, the state is `available` when attached to a VPC".
  'InternetGatewayAttachment.State',
]);
