import { JailError } from './jail-error.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';

/** One instruction of classic BPF: linux/filter.h. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

/** Loads 32 bits of `struct seccomp_data`, compares, ends. */
const load = 0x20;
const jumpEqual = 0x15;
const jumpGreater = 0x25;
const jumpSet = 0x45;
const end = 0x06;

/** Offsets in `struct seccomp_data`. */
const numberOffset = 0;
const architectureOffset = 4;
const firstArgumentOffset = 16;

/** Results, from linux/seccomp.h; an error number is in the low bits. */
const allow = 0x7fff_0000;
const killProcess = 0x8000_0000;
const failWith = (errno: number) => 0x0005_0000 | errno;
const operationNotPermitted = failWith(1);
const notImplemented = failWith(38);

/** All of CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaceFlags = 0x7e02_0000;

/**
 * The seccomp program of every jail, as bubblewrap reads it: refuses namespaces, mounts, tracing, keys, modules,
 * clocks and the like with EPERM, whatever program runs there. `clone3`, whose flags no filter can see, and the names
 * of other ABIs do not exist: the C library then uses `clone`. Throws JailError on an architecture without a table.
 */
export function seccompFilter(architecture: string = process.arch): Uint8Array {
  const calls = systemCalls[architecture];
  if (calls === undefined) {
    throw new JailError(
      `guests cannot be jailed on ${architecture}: there is no table of its system calls; use an x64 or arm64 host`,
    );
  }
  const program = planFilter(calls);
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, jumpTrue, jumpFalse, operand]] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, operand, true);
  }
  return new Uint8Array(bytes.buffer);
}

function planFilter(calls: SystemCalls): readonly Instruction[] {
  return [
    [load, 0, 0, architectureOffset],
    ...otherwise(jumpEqual, calls.auditArchitecture, killProcess),
    [load, 0, 0, numberOffset],
    ...when(jumpGreater, calls.last, notImplemented),
    ...when(jumpEqual, calls.clone3, notImplemented),
    ...Object.values(calls.refused).flatMap((number) =>
      when(jumpEqual, number, operationNotPermitted),
    ),
    // Past the look at the flags of clone, which needs another load.
    [jumpEqual, 0, 3, calls.clone],
    [load, 0, 0, firstArgumentOffset],
    ...when(jumpSet, newNamespaceFlags, operationNotPermitted),
    [end, 0, 0, allow],
  ];
}

const when = (test: number, operand: number, result: number): readonly Instruction[] => [
  [test, 0, 1, operand],
  [end, 0, 0, result],
];

const otherwise = (test: number, operand: number, result: number): readonly Instruction[] => [
  [test, 1, 0, operand],
  [end, 0, 0, result],
];
