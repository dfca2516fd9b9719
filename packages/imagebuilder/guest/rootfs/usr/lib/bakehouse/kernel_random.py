"""Fresh random numbers for the kernel, from the host's.

A udev rule runs this as soon as a card is lost that only a fork loses: until then programs of a fork draw what those of the
other instance draw. So it imports little.
"""
import fcntl
import struct

RANDOM_DEVICE = "/dev/urandom"
HARDWARE_RANDOM_DEVICE = "/dev/hwrng"
# The kernel and its driver may have kept up to 128 bytes from before the copy, which all copies share.
RANDOM_BYTES = 512
# From linux/random.h.
RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207


def reseed_kernel():
    with open(HARDWARE_RANDOM_DEVICE, "rb", buffering=0) as source:
        fresh = b""
        while len(fresh) < RANDOM_BYTES:
            fresh += source.read(RANDOM_BYTES - len(fresh))
    with open(RANDOM_DEVICE, "wb", buffering=0) as device:
        # Twice: the first pass mixes what is fresh into what the next keys are made of.
        for _ in range(2):
            fcntl.ioctl(device, RNDADDENTROPY, struct.pack("ii", 8 * len(fresh), len(fresh)) + fresh)
            fcntl.ioctl(device, RNDRESEEDCRNG)


if __name__ == "__main__":
    reseed_kernel()
