import {
  initializationState,
  type VolumeStatusFacts,
  volumeHealth,
} from '../views/volume-status.ts';
import type { FilterTable } from './filter.ts';

/** Volumes have no events and no actions, as the platform never disables a volume's I/O. */
const never = () => undefined;

/** The filters of DescribeVolumeStatus, by their documented names. */
export const volumeStatusFilters: FilterTable<VolumeStatusFacts> = {
  'action.code': never,
  'action.description': never,
  'action.event-id': never,
  'attachment-status.instance-id': ({ volume }) => volume.attachment?.instanceId,
  'attachment-status.io-performance': (facts) =>
    facts.volume.attachment ? volumeHealth(facts).ioPerformance : undefined,
  'availability-zone': ({ volume }) => volume.zone,
  'event.description': never,
  'event.event-id': never,
  'event.event-type': never,
  'event.not-after': never,
  'event.not-before': never,
  'volume-status.details-name': ({ volume }) => [
    'io-enabled',
    'io-performance',
    ...(initializationState(volume) ? ['initialization-state'] : []),
  ],
  'volume-status.details-status': (facts) => {
    const { ioEnabled, ioPerformance } = volumeHealth(facts);
    return [ioEnabled, ioPerformance, initializationState(facts.volume)].filter(
      (status) => status !== undefined,
    );
  },
  'volume-status.status': (facts) => volumeHealth(facts).status,
};
