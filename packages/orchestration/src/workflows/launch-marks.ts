/** The marks of a start that `bakehouse boot` shows: the workflow's steps, and moments within them. */
export const launchMark = {
  began: 'began',
  disks: 'disks',
  port: 'port',
  network: 'network',
  metadata: 'metadata',
  machine: 'machine',
} as const;
