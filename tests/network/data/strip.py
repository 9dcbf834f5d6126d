#!/usr/bin/env python3
"""Leaves out of a wasm module what only debuggers read: the names of functions, who made it, with which features."""

import sys

UNREAD = {b"name", b"producers", b"target_features"}


def number(data, at):
    """The LEB128 number there, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def strip(module):
    out, at = module[:8], 8
    while at < len(module):
        size, begin = number(module, at + 1)
        end = begin + size
        name = b""
        if module[at] == 0:
            length, start = number(module, begin)
            name = module[start : start + length]
        if name not in UNREAD:
            out += module[at:end]
        at = end
    return out


if __name__ == "__main__":
    sys.stdout.buffer.write(strip(sys.stdin.buffer.read()))
