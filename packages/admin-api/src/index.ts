export {
  AdminContractError,
  type ContractBreach,
  checkAdminInput,
  checkAdminProgress,
  checkAdminResult,
} from './check.ts';
export {
  type AdminCallName,
  type AdminInput,
  type AdminProgress,
  type AdminResult,
  adminApiVersion,
  isAdminCall,
} from './contract.ts';
export {
  eventNamesMax,
  eventsPath,
  type PlatformEvent,
  platformEventSchema,
  type RecordEvent,
  type WorkProgress,
} from './events.ts';
