/** The port that the test guest writes to at its end, and the exit status of QEMU that results. */
export const probeExitPort = 0xf4;
const endMark = 0x10;
export const probeExitStatus = (endMark << 1) | 1;

/**
 * A boot sector, assembled from:
 *
 *     cli; zero ds, es, ss; sp = 0x7c00; cld
 *     clear 0x1000 … 0x4000; PML4 → PDPT → PD with one identity-mapped 2 MiB page
 *     cr4 = PAE; cr3 = 0x1000; EFER |= LME; lgdt; cr0 |= PG | PE; far jump to 64-bit code
 *     mov rax, 0x1234567887654321; mov rbx, rax; cpuid; out 0xf4, 0x10; hlt
 */
const bootCode = [
  'fa31c08ed88ec08ed0bc007cfcbf00106631c0b9000c66f3ab66c7060010',
  '0320000066c70600200330000066c70600308300000066b8200000000f22',
  'e066b8001000000f22d866b9800000c00f32660d000100000f300f011698',
  '7c0f20c0660d010000800f22c0ea6c7c080048b821436587785634124889',
  'c30fa2b010e6f4f4ebfd660f1f440000000000000000000000000000009a',
  '20000f00887c0000',
].join('');

/** A disk that boots into long mode and ends QEMU by `isa-debug-exit`. The firmware refuses very small disks. */
export function probeDisk(): Uint8Array {
  const disk = Buffer.alloc(1024 * 1024);
  Buffer.from(bootCode, 'hex').copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
