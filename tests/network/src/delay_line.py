"""A wire that takes its time: what the kernel sends into this device comes out of it again later, or never.

Arguments: the device's name, the delay in seconds, the part that gets lost. Says a line when the device is there.
"""

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# More than any packet.
PACKET = 65536

name, delay, loss = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
print(flush=True)

waiting = collections.deque()
while True:
    patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([device], [], [], patience)[0]:
        packet = os.read(device, PACKET)
        if random.random() >= loss:
            waiting.append((time.monotonic() + delay, packet))
    while waiting and waiting[0][0] <= time.monotonic():
        os.write(device, waiting.popleft()[1])
