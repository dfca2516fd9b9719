#!/bin/sh
# customize.sh ROOT: the last step of the base system; mmdebstrap runs it on the host.
# It does what no package does: disables units, and removes everything that belongs to one machine.
set -eu
root=$1
units=$root/etc/systemd/system

for unit in $BAKEHOUSE_MASKED_UNITS; do ln -snf /dev/null "$units/$unit"; done
mkdir -p "$root/etc/systemd/system-generators"
for generator in $BAKEHOUSE_MASKED_GENERATORS; do
  ln -snf /dev/null "$root/etc/systemd/system-generators/$generator"
done
# Units that start on demand, not at boot.
mkdir -p "$units/multi-user.target.wants"
for unit in $BAKEHOUSE_UNITS_ON_DEMAND; do
  ln -snf /dev/null "$units/multi-user.target.wants/$unit"
done
# bakehouse-time.timer starts it.
rm -f "$units/sysinit.target.wants/systemd-timesyncd.service"
ln -snf /lib/systemd/system/multi-user.target "$units/default.target"

cat > "$root/etc/apt/sources.list" << EOF
deb http://deb.debian.org/debian $BAKEHOUSE_SUITE main
deb http://deb.debian.org/debian $BAKEHOUSE_SUITE-updates main
deb http://deb.debian.org/debian-security $BAKEHOUSE_SUITE-security main
EOF
echo 'LABEL=/ / ext4 defaults 0 1' > "$root/etc/fstab"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
# The resolver of every VPC.
printf 'nameserver 169.254.169.253\noptions timeout:2 attempts:3\n' > "$root/etc/resolv.conf"
printf 'Bakehouse Linux %s\n\n' "$BAKEHOUSE_RELEASE" > "$root/etc/motd"
printf 'Bakehouse Linux %s \\n \\l\n\n' "$BAKEHOUSE_RELEASE" > "$root/etc/issue"
# Without this it would run at each login.
if [ -e "$root/etc/update-motd.d/10-uname" ]; then chmod 644 "$root/etc/update-motd.d/10-uname"; fi

# Services that are not in this list may keep what the copies of a template must not share: see warm_start.py.
{
  find "$root/usr/lib/systemd/system" "$units" -maxdepth 1 -name '*.service' ! -name rc-local.service -printf '%f\n'
  find "$root/etc/init.d" -maxdepth 1 -type f ! -name rc.local -printf '%f.service\n' | sed 's/\.sh\.service$/.service/'
} | sort -u > "$root/usr/lib/bakehouse/own-services"

# Remove everything that belongs to one machine, and every trace of the host that baked the image.
rm -f "$root/etc/hostname" "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" \
  "$root/var/lib/systemd/random-seed" "$root/etc/apt/apt.conf.d/99mmdebstrap" \
  "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root"/etc/apt/sources.list.d/* \
  "$root/vmlinuz" "$root/vmlinuz.old" "$root/initrd.img" "$root/initrd.img.old" \
  "$root/etc/passwd-" "$root/etc/shadow-" "$root/etc/group-" "$root/etc/gshadow-"
: > "$root/etc/machine-id"
chmod 444 "$root/etc/machine-id"
# mmdebstrap empties /tmp, /run and apt's caches later. Keep /tmp here: it contains mmdebstrap's apt
# configuration, without which its last apt-get would change the host.
rm -rf "$root/var/log/journal" "$root"/var/cache/debconf/*-old "$root"/var/lib/cloud/* \
  "$root"/var/tmp/*
find "$root/var/log" -type f -delete
# No password is valid for root.
chroot "$root" usermod -p '*' root
