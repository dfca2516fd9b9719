export { EventLog } from '../changes/event-log.ts';
export { RoomKeeper } from '../room/room-keeper.ts';
export { firstFormat } from '../workflows/first-format.ts';
export { workflowDefinitions } from '../workflows/index.ts';
export { launchInstance } from './launch-instance.ts';
export { type TestPlane, testPlane } from './test-plane.ts';
