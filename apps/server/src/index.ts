export { type Config, readConfig, UsageError } from './config.ts';
export {
  type DestroyResult,
  destroyPlatform,
  type StoppedServers,
  stopServers,
} from './destroy.ts';
export type { Check, CheckStatus } from './doctor/check.ts';
export { type ExamineOptions, examine } from './doctor/examine.ts';
export { runServer } from './main.ts';
export {
  enterUserNamespace,
  needsUserNamespace,
  tryUserNamespace,
} from './rootless/enter-user-namespace.ts';
export { type RunningServer, serve } from './serve.ts';
export { defaultDataDirectory, serveSettings } from './settings.ts';
