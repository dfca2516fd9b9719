"""What a guest does that was started without a network card: it waits for one, and becomes another instance then.

The platform starts a guest without a card to keep its memory as a template. Each copy of the template goes on here with a
card of its own, and renews what the template had drawn before anything of it reaches the network: the state of the
kernel's random numbers, the clock, the boot id; and, once its instance id is known, the machine id and what the
firmware's tables say.

A fork is a copy of a guest that ran: it loses its card, which udev sees, makes itself another instance in the same way, and
gets a card then. What its kernel has drawn once and never draws again is renewed by the host, which it shows the places.
"""
import ctypes
import fcntl
import hashlib
import importlib
import json
import os
import pkgutil
import random
import re
import signal
import ssl
import struct
import subprocess
import sys
import time
import uuid

# The host looks for these lines on the console.
WAITING = "bakehouse: waiting for a network card"
REFUSED = "bakehouse: no template: "
FORKABLE = "bakehouse: can be forked, with secrets at "
NOT_FORKABLE = "bakehouse: cannot be forked: "
FORKED = "bakehouse: another instance"
# Two copies that write the same have the same random numbers.
RENEWED = "bakehouse: random numbers renewed, the next are "
UNIT = "bakehouse-cloud-init.service"
NETWORK_SERVICE = "systemd-networkd.service"
# What must not see a fork before it is another instance.
HELD_UNITS = (
    "systemd-networkd.socket",
    NETWORK_SERVICE,
    "ssh.service",
    "bakehouse-cards.timer",
    "systemd-timesyncd.service",
)
FREED_UNITS = ("bakehouse-cards.timer", "systemd-timesyncd.service")
SSH_SERVICE = "ssh.service"
NETWORK_STATE = ("/run/systemd/netif/leases", "/run/systemd/netif/links")
# What a card needs when it arrives, and what fresh randomness comes from.
DRIVERS = ("virtio_net", "virtio_rng")
SETTLE_SECONDS = 300

# The services of Bakehouse Linux as it was baked: customize.sh writes them.
OWN_SERVICES = "/usr/lib/bakehouse/own-services"
TCP_COUNTERS = "/proc/net/snmp"
CARD_POLL_SECONDS = 0.01

RANDOM_DEVICE = "/dev/urandom"
HARDWARE_RANDOM_DEVICE = "/dev/hwrng"
# The kernel and its driver may have kept up to 128 bytes from before the copy, which all copies share.
RANDOM_BYTES = 512
# From linux/random.h and linux/rtc.h.
RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207
RTC_RD_TIME = 0x80247009
RTC_DEVICE = "/dev/rtc0"
MS_BIND = 4096

KERNEL_SYMBOLS = "/proc/kallsyms"
MEMORY_MAP = "/proc/iomem"
# In bytes, from their beginning. What the kernel draws once: the secrets of TCP's sequence numbers, of its timestamps and of
# its cookies. What it makes random numbers of: the pool of which keys are made, and the key (see RANDOM_KEY).
KERNEL_SECRETS = {
    "net_secret": 16,
    "ts_secret": 16,
    "syncookie_secret": 32,
    "syncookie6_secret": 32,
    "input_pool": 32,
}
# The key, and its number, by which each processor sees that it is another one. Earlier kernels have the time of the key
# between them, which is that of the next key soon: a fork asks for one when it renews its random numbers. Of kernels before
# the first of these it is not known.
RANDOM_KEY = "base_crng"
RANDOM_KEY_BYTES = {(5, 18): 48, (6, 2): 40}
# Kernels with one of these let programs draw random numbers without asking them.
KEYS_OF_PROGRAMS = ("vdso_rng_data", "_vdso_rng_data", "vdso_k_rng_data")
# A kernel with this function makes timestamps of the secret of the sequence numbers, and has no other.
ONE_SECRET_FOR_BOTH = "secure_tcp_seq_and_ts_off"

# Of connections that a program may have. The kernel keeps closed ones in others, and drops them by itself.
HELD_STATES = ("established", "syn-sent", "fin-wait-1", "close-wait", "last-ack", "closing")

BLOCK_DEVICES = "/sys/block"
RUN_DIRECTORY = "/run/bakehouse"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
FIRMWARE_TABLE = "/sys/class/dmi/id/"
# The tables of the machine that has the guest now. The kernel read those of the one that it booted on.
OWN_TABLES_DRIVER = "qemu_fw_cfg"
# It is there while the driver is loaded.
OWN_TABLES_MODULE = "/sys/module/" + OWN_TABLES_DRIVER
OWN_TABLES = "/sys/firmware/qemu_fw_cfg/by_name/etc/smbios/smbios-tables/raw"
ID_IN_TABLES = re.compile(rb"\0(i-[0-9a-f]{17})\0")


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=60, text=True).stdout


def running_jobs():
    """The units that systemd is starting now, without this one."""
    jobs = [line.split() for line in output_of("systemctl", "list-jobs", "--no-legend", "--plain").splitlines()]
    return [job[1] for job in jobs if len(job) > 3 and job[3] == "running" and job[1] != UNIT]


def preload():
    """Imports what cloud-init's stages import when they need it: a copy has it then."""
    from cloudinit import config

    modules = ["config." + module.name for module in pkgutil.iter_modules(config.__path__)]
    for name in ["sources.DataSourceEc2", "distros.debian", *modules]:
        try:
            importlib.import_module("cloudinit." + name)
        except Exception as error:
            print("cannot import %s: %r" % (name, error), file=sys.stderr)


def started_services():
    """The services that were started in this boot, also those that have ended."""
    shown = output_of("systemctl", "show", "--property=Id,InactiveExitTimestampMonotonic", "*.service")
    units = [dict(line.split("=", 1) for line in unit.splitlines() if "=" in line) for unit in shown.split("\n\n")]
    return [unit["Id"] for unit in units if unit.get("InactiveExitTimestampMonotonic", "0") != "0"]


def unit_file(service):
    """The name of the file of an instance such as getty@tty1.service."""
    name, at, _ = service.partition("@")
    return name + "@.service" if at else service


def has_used_tcp():
    """The kernel draws TCP's secrets at the first connection, and never again."""
    with open(TCP_COUNTERS) as counters:
        names, values = [line.split()[1:] for line in counters if line.startswith("Tcp:")]
    count = dict(zip(names, values))
    return any(int(count[name]) > 0 for name in ("ActiveOpens", "PassiveOpens"))


def datasources():
    """Where cloud-init looks for its instance."""
    from cloudinit import stages

    return stages.fetch_base_config().get("datasource_list") or []


def why_no_template():
    """What the copies would share beside what is renewed, or would not learn; None for a guest of which there can be
    copies."""
    sources = datasources()
    if "Ec2" not in sources:
        return "cloud-init looks in %s for its instance, and copies learn their ids from Ec2 alone" % ", ".join(sources)
    with open(OWN_SERVICES) as listed:
        own = set(listed.read().split())
    others = [service for service in started_services() if unit_file(service) not in own]
    if others:
        return "copies would share what %s drew when it was started" % ", ".join(sorted(others)[:5])
    if has_used_tcp():
        return "the guest has made TCP connections, and copies would share the secrets of its sequence numbers"
    return None


def refuse(reason):
    """Ends here: there cannot be a template. The platform reads the reason, and ends the guest."""
    print(REFUSED + reason, flush=True)
    wait_for_ever()


def wait_for_ever():
    while True:
        time.sleep(3600)


def settle(mark):
    """Waits until the rest of the boot has come as far as it can without this service. The disk has the mark then: what
    boots from it, and not from memory, makes itself a machine id of its own."""
    for driver in DRIVERS:
        subprocess.run(["modprobe", driver], timeout=60)
    end = time.monotonic() + SETTLE_SECONDS
    while jobs := running_jobs():
        if time.monotonic() >= end:
            names = ", ".join(sorted(jobs)[:5])
            raise TimeoutError("after %d s systemd still starts %s" % (SETTLE_SECONDS, names))
        time.sleep(0.2)
    subprocess.run(["udevadm", "settle", "--timeout=60"], timeout=90)
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    open(mark, "w").close()
    os.sync()


def hold_network():
    """No packet is made of the template's random numbers: the network service sees the card after they are renewed.
    Returns how to let it go on."""
    pid = int(output_of("systemctl", "show", "--value", "--property=MainPID", NETWORK_SERVICE) or 0)
    if pid == 0:
        return lambda: None
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


def renew_random():
    """Every number drawn from now on, by the kernel and by this process, is of this copy alone."""
    with open(HARDWARE_RANDOM_DEVICE, "rb", buffering=0) as source:
        fresh = b""
        while len(fresh) < RANDOM_BYTES:
            fresh += source.read(RANDOM_BYTES - len(fresh))
    with open(RANDOM_DEVICE, "wb", buffering=0) as device:
        # Twice: the first pass mixes what is fresh into what the next keys are made of.
        for _ in range(2):
            fcntl.ioctl(device, RNDADDENTROPY, struct.pack("ii", 8 * len(fresh), len(fresh)) + fresh)
            fcntl.ioctl(device, RNDRESEEDCRNG)
    random.seed(os.urandom(32))
    ssl.RAND_add(os.urandom(32), 32.0)


def set_clock():
    """The guest's clock was stopped with the template; the machine's went on."""
    with open(RTC_DEVICE, "rb") as rtc:
        fields = struct.unpack("9i", fcntl.ioctl(rtc, RTC_RD_TIME, bytes(36)))
    second, minute, hour, day, month, year = fields[:6]
    import calendar

    seconds = calendar.timegm((year + 1900, month + 1, day, hour, minute, second, 0, 0, 0))
    time.clock_settime(time.CLOCK_REALTIME, seconds + 0.5)


def show_instead(path, text):
    """Lays a file with this text over a file that the kernel makes. A new mount of its file system shows the old one."""
    os.makedirs(RUN_DIRECTORY, exist_ok=True)
    source = os.path.join(RUN_DIRECTORY, os.path.basename(path))
    with open(source, "w") as target:
        target.write(text + "\n")
    os.chmod(source, os.stat(path).st_mode & 0o444)
    if os.path.samefile(source, path):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), path.encode(), None, MS_BIND, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount %s over %s" % (source, path))


def system_uuid(instance_id):
    """The machine's UUID, as the platform makes it of the instance id: systemUuid in system-identity.ts."""
    digits = hashlib.sha256(("bakehouse system uuid " + instance_id).encode()).hexdigest()
    parts = ("ec2" + digits[:5], digits[5:9], "4" + digits[9:12], "a" + digits[12:15], digits[15:27])
    return "-".join(parts)


def renew_firmware_tables(instance_id):
    """What the firmware's tables would say if this machine had read its own. The next boot does."""
    machine = system_uuid(instance_id)
    show_instead(FIRMWARE_TABLE + "product_uuid", machine)
    show_instead(FIRMWARE_TABLE + "product_serial", machine)
    show_instead(FIRMWARE_TABLE + "board_asset_tag", instance_id)
    show_instead(FIRMWARE_TABLE + "product_sku", "")


def restart_with_new_ids():
    """What keeps the template's ids in memory: the journal, and the names of disks. The rest of the boot does not depend
    on them."""
    journal = ["systemctl", "restart", "systemd-journald.service"]
    disks = ["udevadm", "trigger", "--action=change", "--subsystem-match=block"]
    for command in (journal, disks):
        try:
            subprocess.run(command, timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            print("%s: %s" % (command[0], error), file=sys.stderr)


def give_up(reason):
    """A copy that shares its keys or ids with others must not go on."""
    try:
        print("bakehouse: not started, as it would be like another instance: %s" % reason, file=sys.stderr, flush=True)
        subprocess.run(["systemctl", "poweroff", "--force"])
    finally:
        wait_for_ever()


def get_ready(mark):
    """Comes as far as it can without a card. Returns how to let the network go on."""
    try:
        preload()
        settle(mark)
        release_network = hold_network()
        reason = why_no_template()
    except Exception as error:
        # The console's line has ASCII alone.
        reason = ascii(error)
    if reason is not None:
        refuse(reason)
    return release_network


def wait_for_card(has_card, mark):
    """Returns when there is a card and this copy has numbers, a clock and a boot id of its own."""
    release_network = get_ready(mark)
    print(WAITING, flush=True)
    while not has_card():
        time.sleep(CARD_POLL_SECONDS)
    try:
        renew_random()
        print(RENEWED + hashlib.sha256(os.urandom(32)).hexdigest()[:16], flush=True)
        set_clock()
        show_instead(BOOT_ID, str(uuid.UUID(bytes=os.urandom(16), version=4)))
    except Exception as error:
        give_up(error)
    release_network()


def is_fork():
    """Whether a disk is another than the one that udev has seen: its serial number is asked for each time that it is read."""
    for name in sorted(os.listdir(BLOCK_DEVICES)):
        if not name.startswith("vd"):
            continue
        with open(os.path.join(BLOCK_DEVICES, name, "serial")) as text:
            serial = text.read().strip()
        seen = output_of("udevadm", "info", "--query=property", "--property=ID_SERIAL", "--value", "/dev/" + name)
        if serial and seen.strip() and serial != seen.strip():
            return True
    return False


def kernel_release():
    return tuple(int(number) for number in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def kernel_secrets():
    """Where in memory the kernel has its secrets, and how long they are."""
    lengths = [length for since, length in RANDOM_KEY_BYTES.items() if kernel_release() >= since]
    if lengths == []:
        raise ValueError("not known where kernels before %d.%d have their secrets" % min(RANDOM_KEY_BYTES))
    secrets = {**KERNEL_SECRETS, RANDOM_KEY: lengths[-1]}
    found = {}
    wanted = {"_text", ONE_SECRET_FOR_BOTH, *secrets, *KEYS_OF_PROGRAMS}
    ends = tuple(" " + name for name in wanted)
    with open(KERNEL_SYMBOLS) as symbols:
        # There are 100000 and more.
        for line in filter(lambda line: line.rstrip().endswith(ends), symbols):
            words = line.split()
            if len(words) == 3 and words[2] in wanted:
                if words[2] in found:
                    raise ValueError("the kernel has two symbols %s" % words[2])
                found[words[2]] = int(words[0], 16)
    if not found.keys().isdisjoint(KEYS_OF_PROGRAMS):
        raise ValueError("not known where programs have the keys of their random numbers")
    with open(MEMORY_MAP) as ranges:
        code = [int(line.split("-")[0], 16) for line in ranges if line.strip().endswith(": Kernel code")]
    sizes = {name: size for name, size in secrets.items() if name != "ts_secret" or ONE_SECRET_FOR_BOTH not in found}
    missing = [name for name in ("_text", *sizes) if not found.get(name)]
    if missing or code == [] or code[0] == 0:
        raise ValueError("not known where the kernel has %s" % (missing or "its code"))
    return [(code[0] + found[name] - found["_text"], size) for name, size in sizes.items()]


def own_instance_id(again=False):
    """The id of the instance that has this machine, which a fork learns so before it has a card. `again`: a driver that is there
    has the tables of another machine."""
    had_driver = os.path.exists(OWN_TABLES_MODULE)
    if had_driver and again:
        subprocess.run(["modprobe", "--quiet", "--remove", OWN_TABLES_DRIVER], timeout=60)
    subprocess.run(["modprobe", "--quiet", OWN_TABLES_DRIVER], timeout=60)
    try:
        with open(OWN_TABLES, "rb") as tables:
            found = set(ID_IN_TABLES.findall(tables.read()))
    finally:
        if not had_driver:
            subprocess.run(["modprobe", "--quiet", "--remove", OWN_TABLES_DRIVER], timeout=60)
    if len(found) != 1:
        raise ValueError("the firmware's tables have %d instance ids" % len(found))
    return found.pop().decode()


def report_forkable():
    """At the end of the boot; a fork that finds later that it cannot renew itself powers off."""
    try:
        own_instance_id()
        print(FORKABLE + " ".join("%x+%x" % place for place in kernel_secrets()), flush=True)
    except Exception as error:
        print(NOT_FORKABLE + ascii(error), flush=True)


def hold_services():
    """Stops what must not see a fork before it is another instance, and removes what it knew of the other's network."""
    subprocess.run(["systemctl", "stop", *HELD_UNITS], timeout=120)
    for unit in (NETWORK_SERVICE, SSH_SERVICE):
        if output_of("systemctl", "show", "--value", "--property=MainPID", unit).strip() not in ("", "0"):
            raise ValueError("%s does not stop" % unit)
    for folder in NETWORK_STATE:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            os.unlink(os.path.join(folder, name))


def end_connections():
    """The programs of this copy see the end of the connections that the other instance has, which are those from an address
    that is gone with its card. Those within the machine stay."""
    links = json.loads(output_of("ip", "-json", "address", "show") or "[]")
    addresses = [info["local"] for link in links for info in link.get("addr_info", []) if "local" in info]
    gone = " and ".join("not src [%s]" % address for address in addresses).split()
    subprocess.run(["ss", "--kill", "--tcp", "--no-header", *gone], stdout=subprocess.DEVNULL, timeout=60)
    states = [word for state in HELD_STATES for word in ("state", state)]
    left = output_of("ss", "--tcp", "--no-header", "--numeric", *states, *gone).splitlines()
    if left:
        raise ValueError("%d connections of the other instance do not end, such as %s" % (len(left), left[0].split()))


def become_another(take_ids):
    """Makes a fork that has lost its card another instance, and says so. `take_ids` gives it the ids of the instance with this
    id. The host has renewed the kernel's secrets before the fork went on."""
    try:
        renew_random()
        print(RENEWED + hashlib.sha256(os.urandom(32)).hexdigest()[:16], flush=True)
        set_clock()
        show_instead(BOOT_ID, str(uuid.UUID(bytes=os.urandom(16), version=4)))
        hold_services()
        for driver in ("tcp_diag", "inet_diag"):
            subprocess.run(["modprobe", "--quiet", driver], timeout=60)
        end_connections()
        take_ids(own_instance_id(again=True))
        print(FORKED, flush=True)
    except Exception as error:
        give_up(error)


def free_network(has_card):
    """To be called when this copy is another instance: its card comes when the host has read that."""
    while not has_card():
        time.sleep(CARD_POLL_SECONDS)
    subprocess.run(["systemctl", "start", "--no-block", NETWORK_SERVICE], timeout=60)


def free_services():
    """With the keys and names of this instance."""
    subprocess.run(["systemctl", "start", "--no-block", SSH_SERVICE, *FREED_UNITS], timeout=60)
