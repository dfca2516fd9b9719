import type { Door } from './plan-doors.ts';

/** What the network asks the process of the doors, as one line of JSON: to have these doors, and no others. */
export interface DoorRequest {
  /** Absent: those that it has. */
  readonly doors?: readonly Door[];
}

export interface ShutDoor {
  readonly door: Door;
  readonly why: string;
}

/** The reply, in a line likewise. */
export interface DoorReply {
  /** Of the code that the process runs; see `codeBuild`. */
  readonly build: string;
  readonly pid: number;
  /** Those that cannot be opened, for example because another program listens there. */
  readonly shut: readonly ShutDoor[];
}

/** Undefined for half a line, which a process that is killed may leave. */
export function parsedLine<Message>(line: string): Message | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function doorKey({ address, port, hostPort }: Door): string {
  return `${address}:${hostPort} ${port}`;
}
