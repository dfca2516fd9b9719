import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const guestFolder = fileURLToPath(new URL('../guest/rootfs/usr/lib/bakehouse', import.meta.url));

/** Runs Python with the guest's modules `program` (cloud-boot) and `warm_start`. */
export async function pythonOf(lines: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-warm-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'pci'));
  for (const [name, code] of Object.entries({
    '0000:00:03.0': '0x030000',
    '0000:00:04.0': '0x00ff00',
  })) {
    await mkdir(join(folder, 'pci', name));
    await writeFile(join(folder, 'pci', name, 'class'), `${code}\n`);
  }
  const load = [
    'import os, sys',
    'from importlib.machinery import SourceFileLoader',
    'from types import ModuleType',
    'sys.dont_write_bytecode = True',
    'sys.path.insert(0, sys.argv[1])',
    'program = ModuleType("cloud_boot")',
    'SourceFileLoader("cloud_boot", sys.argv[1] + "/cloud-boot").exec_module(program)',
    'import warm_start',
    'folder = sys.argv[2]',
    'program.PCI_DEVICES = folder + "/pci"',
    'for name in ["PRODUCT_SKU", "PRODUCT_UUID", "MACHINE_ID", "TEMPLATE_MARK"]:',
    '    setattr(program, name, folder + "/" + name)',
    'def write(name, text):',
    '    with open(folder + "/" + name, "w") as file: file.write(text)',
    'def read(name):',
    '    with open(folder + "/" + name) as file: return file.read()',
    'write("PRODUCT_SKU", "bakehouse template\\n")',
    'def end(*arguments): raise SystemExit(0)',
    'def plug():',
    '    os.mkdir(folder + "/pci/0000:00:02.0")',
    '    with open(folder + "/pci/0000:00:02.0/class", "w") as text: text.write("0x020000\\n")',
  ];
  const args = ['-c', [...load, ...lines].join('\n'), guestFolder, folder];
  return (await promisify(execFile)('python3', args)).stdout.trimEnd();
}

/** What the wait does, in its order, without doing it. */
export const recorded = [
  'warm_start.preload = lambda: print("modules imported")',
  'warm_start.settle = lambda mark: print("settled", mark == program.TEMPLATE_MARK)',
  'warm_start.why_no_template = lambda: None',
  'warm_start.hold_network = lambda: (print("network held"), lambda: print("network goes on"))[1]',
  'warm_start.time.sleep = lambda seconds: plug()',
  'warm_start.renew_random = lambda: print("random numbers renewed")',
  'warm_start.set_clock = lambda: print("clock set")',
  'warm_start.show_instead = lambda path, text: print(path, len(text))',
];

export const poweredOff = [
  'warm_start.subprocess.run = lambda command: print(*command)',
  'warm_start.wait_for_ever = end',
];
