export { stsApi } from './api.ts';
