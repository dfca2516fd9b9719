import type { FirstFormat } from '@bakehouse/workflow-engine';
import { failureCodes } from './failures.ts';

/** The first format kept a failure as text; this is how it marked the one that decided something. */
const noCapacityMark = 'Insufficient capacity';

/** What steps were called when rows counted them. Never to be changed. */
export const firstFormat: FirstFormat = {
  stepNames: {
    'attach-volume': ['intent', 'machine', 'attached'],
    'create-image': [
      'intent',
      'shutdown',
      'freeze',
      'capture',
      'thaw',
      'complete',
      'start',
      'available',
    ],
    'create-snapshots': ['freeze', 'capture', 'thaw', 'complete'],
    'create-volume': ['intent', 'disk', 'available'],
    'delete-snapshot': ['record'],
    'delete-volume': ['disk', 'record'],
    'detach-volume': ['detach'],
    'end-instance': ['machine', 'release'],
    'halt-machine': ['halt'],
    'machine-exited': ['settle'],
    'modify-volume': ['intent', 'grow', 'complete'],
    'prune-blocks': ['prune'],
    'publish-metadata': ['publish'],
    'reboot-instance': ['reboot'],
    'start-instance': ['intent', 'disks', 'network', 'metadata', 'machine', 'running'],
  },
  failureOf: (message) => ({
    code: message.startsWith(noCapacityMark) ? failureCodes.noCapacity : 'InternalError',
    message,
  }),
};
