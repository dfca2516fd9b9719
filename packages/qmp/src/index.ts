export * from './connect-qmp.ts';
export { connectUnixSocket } from './connect-unix-socket.ts';
export { isJsonObject, type JsonObject } from './json-object.ts';
export type { QemuBlockdevs } from './qemu-blockdevs.ts';
export * from './qmp-errors.ts';
export type { QmpEvent } from './qmp-message.ts';
