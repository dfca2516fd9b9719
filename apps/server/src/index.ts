export { defaultDataDirectory, readConfig, serveSettings, UsageError } from './config.ts';
export { runServer } from './main.ts';
export { type RunningServer, serve } from './serve.ts';
