/** A control plane to be killed: starts the machine of the bench in argv[2], prints that it did, and waits. */
import { systemClock } from '@bakehouse/base';
import { machineSpec } from './machine-spec.ts';
import { openDriver } from './open-driver.ts';

const [, , folder = '', namespace = ''] = process.argv;
const driver = openDriver({ folder, namespace });
await driver.start(machineSpec());
process.stdout.write('started\n');
await systemClock.sleep(600_000);
