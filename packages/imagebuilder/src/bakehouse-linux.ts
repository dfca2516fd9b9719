import { GiB } from '@bakehouse/base';
import type { Recipe } from './recipe.ts';

const bootAndSystem = [
  'bakehouse-linux',
  'linux-image-cloud-amd64',
  'busybox-static',
  'systemd-sysv',
  'dbus',
  'udev',
  'kmod',
  'e2fsprogs',
  'fdisk',
];

const cloud = ['cloud-init', 'cloud-guest-utils', 'openssh-server', 'sudo'];

const network = ['iproute2', 'iputils-ping', 'netbase', 'libnss-myhostname', 'ca-certificates'];

const forPeople = ['curl', 'gpgv', 'less', 'procps', 'vim-tiny'];

/**
 * Each masked unit costs a boot on an emulated CPU 20 ms to 7 s. What somebody may still want,
 * `systemctl unmask` brings back.
 */
const maskedUnits = [
  // cloud-init's four processes: bakehouse-cloud-init.service runs all stages in one.
  'cloud-init-local.service',
  'cloud-init.service',
  'cloud-config.service',
  'cloud-final.service',
  'cloud-init-hotplugd.socket',
  // Upkeep at boot.
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'systemd-pstore.service',
  // Kernel file systems that nothing here uses, and the modules they load.
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'modprobe@configfs.service',
  'modprobe@dm_mod.service',
  'modprobe@drm.service',
  'modprobe@efi_pstore.service',
  'modprobe@fuse.service',
  'modprobe@loop.service',
  // The image is complete, and its identity is cloud-init's to give.
  'systemd-binfmt.service',
  'systemd-firstboot.service',
  'systemd-fsck-root.service',
  'systemd-machine-id-commit.service',
  'systemd-network-generator.service',
  'systemd-networkd-wait-online.service',
  'systemd-pcrphase.service',
  'systemd-pcrphase-sysinit.service',
  'systemd-random-seed.service',
  'systemd-repart.service',
  'systemd-sysusers.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  // Nobody types passwords at this console.
  'systemd-ask-password-console.path',
  'systemd-ask-password-wall.path',
  'getty-static.service',
  'systemd-initctl.socket',
  'systemd-journald-audit.socket',
];

/** Bakehouse Linux 2026.11: Debian 12 for EC2's way of starting machines. */
export const bakehouseLinux: Recipe = {
  name: 'bakehouse-linux',
  title: 'Bakehouse Linux',
  release: '2026.11',
  description: 'Bakehouse Linux 2026.11 x86_64 (Debian 12)',
  architecture: 'x86_64',
  debianSuite: 'bookworm',
  debianArchitecture: 'amd64',
  packages: [...bootAndSystem, ...cloud, ...network, ...forPeople],
  kernelOptions: [
    'root=LABEL=/',
    'rw',
    'console=tty0',
    'console=ttyS0,115200',
    'quiet',
    'net.ifnames=0',
    '8250.nr_uarts=1',
    'no_timer_check',
    'cryptomgr.notests',
    'preempt=none',
    'rcupdate.rcu_expedited=1',
  ],
  initramfsModules: ['virtio_pci', 'virtio_blk'],
  enabledUnits: [
    'bakehouse-cloud-init.service',
    'bakehouse-power-button.service',
    'systemd-networkd.service',
  ],
  maskedUnits,
  maskedGenerators: [
    'cloud-init-generator',
    'systemd-cryptsetup-generator',
    'systemd-gpt-auto-generator',
    'systemd-hibernate-resume-generator',
    'systemd-integritysetup-generator',
    'systemd-system-update-generator',
    'systemd-veritysetup-generator',
  ],
  unitsOnDemand: ['dbus.service', 'systemd-logind.service'],
  diskSizeBytes: 2 * GiB,
  rootDeviceName: '/dev/xvda',
};
