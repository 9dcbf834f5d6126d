#!/usr/bin/env python3
"""A second implementation of docs/formats.md, and the test vectors in docs/vectors.json.

Written from that page and from published specifications (RFC 7693, 7748, 9496, FIPS 202, STROBE, Merlin, the Bulletproofs
paper), with Python's standard library alone; slow and not constant-time. It exists so that a mistake in the Rust code or a
gap in the page shows as a difference.

Every vector says who made it. Those with `"from": "python"` are made by `make` here, deterministically, and the Rust
tests compute them again; those with `"from": "rust"` are printed by the example `make_vectors` of veilmart-confidential
and checked here. To renew the file:

    cargo run -p veilmart-confidential --example make_vectors > rust.json
    scripts/vectors.py make --rust rust.json > vectors.json && mv vectors.json docs/vectors.json
"""

import argparse
import functools
import hashlib
import hmac
import json
import math
import struct
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST_KEYS = ROOT / "primitives" / "paillier" / "test-keys"
VERSION = 1


class Refused(Exception):
    """Something that must be checked does not hold."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def le32(number):
    return number.to_bytes(4, "little")


def le64(number):
    return number.to_bytes(8, "little")


def little(data):
    return int.from_bytes(data, "little")


def big(data):
    return int.from_bytes(data, "big")


def to_hex(data):
    return "0x" + data.hex()


def from_hex(text):
    require(text.startswith("0x"), "hexadecimal text without 0x")
    return bytes.fromhex(text[2:])


# --- Hashes ---------------------------------------------------------------------------------------------------------


def frame(domain, parts):
    return b"".join(le32(len(part)) + part for part in (domain.encode(), *parts))


def hash32(domain, *parts):
    return hashlib.blake2b(frame(domain, parts), digest_size=32).digest()


def expand(domain, *parts, size, key=b""):
    """`expand`, or with a key `prf`."""
    framed = frame(domain, parts)
    blocks = (hashlib.blake2b(le32(i) + framed, digest_size=64, key=key).digest() for i in range(-(-size // 64)))
    return b"".join(blocks)[:size]


def prf(secret, domain, *parts, size):
    require(len(secret) == 32, "a PRF key of another length")
    return expand(domain, *parts, size=size, key=secret)


# --- Paillier -------------------------------------------------------------------------------------------------------


class Key:
    """A public key. `bits` is |N|."""

    def __init__(self, n, bits):
        require(n.bit_length() == bits and n % 2 == 1, "the modulus has a wrong length or is even")
        self.n, self.n2, self.bits, self.set = n, n * n, bits, f"paillier-{bits}"
        self.n_bytes = n.to_bytes(bits // 8, "big")
        a = big(expand("veilmart/paillier/h/1", self.set.encode(), self.n_bytes, size=bits // 8 + 16)) % n
        self.h = -a * a % n
        self.h_s = pow(self.h, n, self.n2)
        self.fresh_bytes = bits // 16
        self.signed_bytes = (bits // 2 + 192) // 8
        self.response_bytes = (bits // 2 + 384) // 8
        self.nonce_limit = 1 << (bits // 2 + 128)

    def mask(self, exponent):
        return pow(self.h_s, exponent, self.n2)

    def encrypt(self, value, nonce):
        return (1 + value * self.n) * self.mask(nonce) % self.n2

    def encode(self, ciphertext):
        return ciphertext.to_bytes(self.bits // 4, "big")

    def decode(self, data):
        require(len(data) == self.bits // 4, "the ciphertext has a wrong length")
        number = big(data)
        require(0 < number < self.n2, "the ciphertext is not in 1 to N² - 1")
        require(math.gcd(number, self.n) == 1, "the ciphertext shares a factor with N")
        return number

    def encode_nonce(self, nonce):
        require(-self.nonce_limit <= nonce < self.nonce_limit, "the nonce is out of range")
        return nonce.to_bytes(self.signed_bytes, "little", signed=True)

    def decode_nonce(self, data):
        require(len(data) == self.signed_bytes, "the nonce has a wrong length")
        nonce = int.from_bytes(data, "little", signed=True)
        require(-self.nonce_limit <= nonce < self.nonce_limit, "the nonce is out of range")
        return nonce


@functools.lru_cache(maxsize=None)
def test_key(bits):
    """The published test key and its Π^mod."""
    p, q = (int(line, 16) for line in (TEST_KEYS / f"{bits}.factors").read_text().split())
    return Key(p * q, bits), p, q


def jacobi(a, n):
    a %= n
    sign = 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0


def verify_modulus_proof(key, proof, rounds=None):
    """Π^mod. All rounds unless told to look at some only, which proves nothing and saves time in tests."""
    n, size = key.n, key.bits // 8
    require(len(proof) == size + 128 * (2 * size + 1), "the proof about the modulus has a wrong length")
    require(pow(2, n - 1, n) != 1, "the modulus is not shown to be composite")
    w_bytes = proof[:size]
    w = big(w_bytes)
    require(w < n and jacobi(w, n) == -1, "w has not Jacobi symbol -1")
    for i in range(128) if rounds is None else rounds:
        part = proof[size + i * (2 * size + 1) :][: 2 * size + 1]
        x, z, flags = big(part[:size]), big(part[size : 2 * size]), part[2 * size]
        require(0 < x < n and 0 < z < n and flags < 4, f"round {i}: a number is out of range")
        y = expand("veilmart/paillier/mod/1", key.set.encode(), key.n_bytes, w_bytes, le32(i), size=size + 16)
        y = big(y) % n
        require(math.gcd(y, n) == 1, f"round {i}: the modulus has a tiny factor")
        require(pow(z, n, n) == y, f"round {i}: the N-th root is wrong")
        a, b = flags & 1, flags >> 1
        require(pow(x, 4, n) == (-1) ** a * w**b * y % n, f"round {i}: the fourth root is wrong")


# --- Merlin: STROBE-128 over Keccak-f[1600] -------------------------------------------------------------------------


def _keccak_constants():
    """Round constants from the LFSR and rotations from the walk over the lanes, both as FIPS 202 defines them."""
    constants, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << ((1 << j) - 1)
            lfsr = lfsr << 1 ^ (0x171 if lfsr >> 7 else 0)
        constants.append(constant)
    rotations, (x, y) = [0] * 25, (1, 0)
    for t in range(24):
        rotations[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    # Where lane x + 5y goes: (y, 2x + 3y); as a list of (source, rotation) for each target.
    moves = [None] * 25
    for x in range(5):
        for y in range(5):
            moves[y + 5 * ((2 * x + 3 * y) % 5)] = (x + 5 * y, rotations[x + 5 * y])
    return constants, moves


_ROUND_CONSTANTS, _MOVES = _keccak_constants()
_MASK = (1 << 64) - 1


def keccak_f(state):
    """Keccak-f[1600] of 200 bytes."""
    lanes = list(struct.unpack("<25Q", state))
    for constant in _ROUND_CONSTANTS:
        c = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        d = [c[x - 1] ^ ((c[(x + 1) % 5] << 1 | c[(x + 1) % 5] >> 63) & _MASK) for x in range(5)]
        moved = []
        for source, rotation in _MOVES:
            lane = lanes[source] ^ d[source % 5]
            moved.append((lane << rotation | lane >> (64 - rotation)) & _MASK)
        for row in range(0, 25, 5):
            a, b, e, f, g = moved[row : row + 5]
            lanes[row : row + 5] = (a ^ ~b & e, b ^ ~e & f, e ^ ~f & g, f ^ ~g & a, g ^ ~a & b)
        lanes = [lane & _MASK for lane in lanes]
        lanes[0] ^= constant
    return bytearray(struct.pack("<25Q", *lanes))


class Strobe:
    """The operations meta-AD, AD and PRF of STROBE v1.0.2 at 128 bits of security."""

    RATE = 200 - 2 * 128 // 8 - 2
    INBOUND, APPLICATION, CIPHER, META = 1, 2, 4, 16

    def __init__(self, protocol):
        header = bytes([1, self.RATE + 2, 1, 0, 1, 12 * 8]) + b"STROBEv1.0.2"
        self.state = keccak_f(header.ljust(200, b"\0"))
        self.position = self.begin = 0
        self.meta_ad(protocol)

    def copy(self):
        other = object.__new__(Strobe)
        other.state, other.position, other.begin = bytearray(self.state), self.position, self.begin
        return other

    def _run(self):
        self.state[self.position] ^= self.begin
        self.state[self.position + 1] ^= 0x04
        self.state[self.RATE + 1] ^= 0x80
        self.state = keccak_f(self.state)
        self.position = self.begin = 0

    def _absorb(self, data):
        for byte in data:
            self.state[self.position] ^= byte
            self.position += 1
            if self.position == self.RATE:
                self._run()

    def _start(self, flags):
        previous, self.begin = self.begin, self.position + 1
        self._absorb([previous, flags])
        if flags & self.CIPHER and self.position:
            self._run()

    def meta_ad(self, data):
        self._start(self.META | self.APPLICATION)
        self._absorb(data)

    def ad(self, data):
        self._start(self.APPLICATION)
        self._absorb(data)

    def prf(self, size):
        self._start(self.INBOUND | self.APPLICATION | self.CIPHER)
        out = bytearray()
        for _ in range(size):
            out.append(self.state[self.position])
            self.state[self.position] = 0
            self.position += 1
            if self.position == self.RATE:
                self._run()
        return bytes(out)


class Transcript:
    """A Merlin transcript."""

    def __init__(self, label):
        self.strobe = Strobe(b"Merlin v1.0")
        self.append("dom-sep", label.encode())

    def copy(self):
        other = object.__new__(Transcript)
        other.strobe = self.strobe.copy()
        return other

    def append(self, label, data):
        self.strobe.meta_ad(label.encode() + le32(len(data)))
        self.strobe.ad(data)

    def append64(self, label, number):
        self.append(label, le64(number))

    def challenge(self, label, size):
        self.strobe.meta_ad(label.encode() + le32(size))
        return self.strobe.prf(size)

    def challenge_scalar(self, label):
        return little(self.challenge(label, 64)) % ORDER


# --- Ristretto255 (RFC 9496) ----------------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P
assert SQRT_AD_MINUS_ONE**2 % P == (-D - 1) % P and INVSQRT_A_MINUS_D**2 * (-1 - D) % P == 1

IDENTITY = (0, 1, 1, 0)


def sqrt_ratio(u, v):
    """Whether u/v is a square, and the non-negative root of u/v or of √-1·u/v."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), min_sign(r)


def min_sign(x):
    return P - x if x & 1 else x


def point_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    m = (y1 - x1) * (y2 - x2) % P
    n = (y1 + x1) * (y2 + x2) % P
    c = 2 * D * t1 * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_double(point):
    x, y, z, _ = point
    a, b, c = x * x % P, y * y % P, 2 * z * z % P
    e = ((x + y) ** 2 - a - b) % P
    g = b - a
    f, h = g - c, -a - b
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_negate(point):
    x, y, z, t = point
    return -x % P, y, z, -t % P


def point_equal(a, b):
    return (a[0] * b[1] - a[1] * b[0]) % P == 0 or (a[1] * b[1] - a[0] * b[0]) % P == 0


def point_decode(data):
    s = little(data)
    require(len(data) == 32 and s < P and s % 2 == 0, "a point is not canonical")
    ss = s * s % P
    u1, u2 = 1 - ss, 1 + ss
    v = (-D * u1 * u1 - u2 * u2) % P
    square, root = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = root * u2 % P
    den_y = root * den_x * v % P
    x = min_sign(2 * s * den_x % P)
    y = u1 * den_y % P
    t = x * y % P
    require(square and t % 2 == 0 and y != 0, "bytes are not a point")
    return x, y, 1, t


def point_encode(point):
    x, y, z, t = point
    u1 = (z + y) * (z - y) % P
    u2 = x * y % P
    _, root = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inv = den1 * den2 * t % P
    if t * z_inv % P & 1:
        x, y, den = y * SQRT_M1 % P, x * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        den = den2
    if x * z_inv % P & 1:
        y = -y
    return min_sign(den * (z - y) % P).to_bytes(32, "little")


def _map_to_point(t):
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    c = -1
    if not square:
        s, c = -min_sign(s * t % P) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def point_from_uniform(data):
    require(len(data) == 64, "the one-way map takes 64 bytes")
    halves = (little(data[i : i + 32]) % 2**255 for i in (0, 32))
    return point_add(*(_map_to_point(half) for half in halves))


def multiply(scalars, points):
    """Σ scalar·point, by the bucket method."""
    pairs = [(scalar % ORDER, point) for scalar, point in zip(scalars, points) if scalar % ORDER]
    require(len(scalars) == len(points), "as many scalars as points")
    width = 2 if len(pairs) < 8 else max(3, len(pairs).bit_length() - 2)
    total = IDENTITY
    for shift in reversed(range(0, 253, width)):
        for _ in range(width):
            total = point_double(total)
        buckets = [None] * (1 << width)
        for scalar, point in pairs:
            digit = scalar >> shift & (1 << width) - 1
            if digit:
                buckets[digit] = point if buckets[digit] is None else point_add(buckets[digit], point)
        running = window = None
        for bucket in reversed(buckets[1:]):
            if bucket is not None:
                running = bucket if running is None else point_add(running, bucket)
            if running is not None:
                window = running if window is None else point_add(window, running)
        if window is not None:
            total = point_add(total, window)
    return total


def scalar_decode(data):
    scalar = little(data)
    require(len(data) == 32 and scalar < ORDER, "a scalar is not canonical")
    return scalar


BASE_BYTES = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
BASE = point_decode(BASE_BYTES)
BLINDING_BASE = point_from_uniform(hashlib.sha3_512(BASE_BYTES).digest())


def commit(value, blinding):
    return multiply([value, blinding], [BASE, BLINDING_BASE])


# --- Aggregated Bulletproofs on 64 bits -----------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def bulletproof_generators(letter, party):
    """The party's 64 points `G` or `H`: each from the next 64 bytes of a SHAKE256 stream."""
    stream = hashlib.shake_256(b"GeneratorsChain" + letter.encode() + le32(party)).digest(64 * 64)
    return [point_from_uniform(stream[i : i + 64]) for i in range(0, len(stream), 64)]


def all_generators(letter, parties):
    return [point for party in range(parties) for point in bulletproof_generators(letter, party)]


def powers(base, count):
    out = [1]
    while len(out) < count:
        out.append(out[-1] * base % ORDER)
    return out


def inner_product(a, b):
    return sum(x * y for x, y in zip(a, b)) % ORDER


def begin_range_proof(transcript, commitments):
    transcript.append("dom-sep", b"rangeproof v1")
    transcript.append64("n", 64)
    transcript.append64("m", len(commitments))
    for commitment in commitments:
        transcript.append("V", commitment)


def append_nonzero_point(transcript, label, data):
    require(data != bytes(32), "a point of the range proof is the identity")
    transcript.append(label, data)


def verify_range_proof(transcript, commitments, proof):
    """That what each commitment (encoded) hides is in [0, 2^64). Both equations are checked by themselves."""
    m = len(commitments)
    n = 64 * m
    rounds = n.bit_length() - 1
    require(len(proof) == 32 * (9 + 2 * rounds), "the range proof has a wrong length")
    words = [proof[i : i + 32] for i in range(0, len(proof), 32)]
    a_point, s_point, t1_point, t2_point = words[:4]
    t_x, t_blinding, e_blinding = map(scalar_decode, words[4:7])
    folds = list(zip(words[7:-2:2], words[8:-2:2]))
    a, b = map(scalar_decode, words[-2:])

    begin_range_proof(transcript, commitments)
    append_nonzero_point(transcript, "A", a_point)
    append_nonzero_point(transcript, "S", s_point)
    y, z = transcript.challenge_scalar("y"), transcript.challenge_scalar("z")
    append_nonzero_point(transcript, "T_1", t1_point)
    append_nonzero_point(transcript, "T_2", t2_point)
    x = transcript.challenge_scalar("x")
    for label, scalar in ("t_x", t_x), ("t_x_blinding", t_blinding), ("e_blinding", e_blinding):
        transcript.append(label, scalar.to_bytes(32, "little"))
    w = transcript.challenge_scalar("w")
    transcript.append("dom-sep", b"ipp v1")
    transcript.append64("n", n)
    challenges = []
    for left, right in folds:
        append_nonzero_point(transcript, "L", left)
        append_nonzero_point(transcript, "R", right)
        challenges.append(transcript.challenge_scalar("u"))
    inverses = [pow(u, -1, ORDER) for u in challenges]

    # The polynomial: t_x·B + t̃·B̃ = δ·B + Σ z^(2+j)·V_j + x·T_1 + x²·T_2.
    z_powers = powers(z, m + 3)
    delta = (z - z * z) * sum(powers(y, n)) - (2**64 - 1) * sum(z_powers[3 : 3 + m])
    points = [point_decode(commitment) for commitment in commitments] + [point_decode(t1_point), point_decode(t2_point)]
    scalars = z_powers[2 : 2 + m] + [x, x * x]
    difference = multiply(scalars + [delta - t_x, -t_blinding], points + [BASE, BLINDING_BASE])
    require(point_equal(difference, IDENTITY), "the range proof's polynomial does not fit its commitments")

    # The inner product: A + x·S - z·ΣG + Σ(z·y^i + z^(2+j)·2^k)·H'_i - ẽ·B̃ + t_x·Q + Σ(u²·L + u^-2·R)
    #   = a·Σ s_i·G_i + b·Σ s_i^-1·H'_i + a·b·Q, with Q = w·B and H'_i = y^-i·H_i.
    s = [1]
    for u, inverse in zip(challenges, inverses):
        s = [value * factor % ORDER for value in s for factor in (inverse, u)]
    y_inverse_powers = powers(pow(y, -1, ORDER), n)
    scalars = [1, x, (t_x - a * b) * w, -e_blinding]
    points = [point_decode(a_point), point_decode(s_point), BASE, BLINDING_BASE]
    scalars += [-z - a * value for value in s]
    points += all_generators("G", m)
    scalars += [
        # 1/s_i is s at the complement of i, which counts from the other end.
        z + y_inverse_powers[i] * (z_powers[2 + i // 64] * 2 ** (i % 64) - b * s[n - 1 - i])
        for i in range(n)
    ]
    points += all_generators("H", m)
    for (left, right), u, inverse in zip(folds, challenges, inverses):
        scalars += [u * u, inverse * inverse]
        points += [point_decode(left), point_decode(right)]
    require(point_equal(multiply(scalars, points), IDENTITY), "the range proof's inner product is wrong")


def prove_range(transcript, values, blindings, random):
    """A range proof for values below 2^64; `random` is a `Stream`."""
    m = len(values)
    n = 64 * m
    g, h = all_generators("G", m), all_generators("H", m)
    bits = [value >> k & 1 for value in values for k in range(64)]
    masks_l, masks_r = ([random.scalar() for _ in range(n)] for _ in range(2))
    a_blinding, s_blinding, t1_blinding, t2_blinding = (random.scalar() for _ in range(4))
    out = []

    def append_point(label, point):
        out.append(point_encode(point))
        transcript.append(label, out[-1])

    begin_range_proof(transcript, [point_encode(commit(v, b)) for v, b in zip(values, blindings)])
    points = g + h + [BLINDING_BASE]
    append_point("A", multiply(bits + [bit - 1 for bit in bits] + [a_blinding], points))
    append_point("S", multiply(masks_l + masks_r + [s_blinding], points))
    y, z = transcript.challenge_scalar("y"), transcript.challenge_scalar("z")
    y_powers, z_powers = powers(y, n), powers(z, m + 2)
    # l = l0 + l1·X, r = r0 + r1·X and their product t0 + t1·X + t2·X².
    l0, l1 = [bit - z for bit in bits], masks_l
    r0 = [y_powers[i] * (bits[i] - 1 + z) + z_powers[2 + i // 64] * 2 ** (i % 64) for i in range(n)]
    r1 = [y_powers[i] * masks_r[i] for i in range(n)]
    t1, t2 = inner_product(l0, r1) + inner_product(l1, r0), inner_product(l1, r1)
    append_point("T_1", commit(t1, t1_blinding))
    append_point("T_2", commit(t2, t2_blinding))
    x = transcript.challenge_scalar("x")
    left = [(p + q * x) % ORDER for p, q in zip(l0, l1)]
    right = [(p + q * x) % ORDER for p, q in zip(r0, r1)]
    t_x = inner_product(left, right)
    t_blinding = (t1_blinding * x + t2_blinding * x * x + inner_product(z_powers[2:], blindings)) % ORDER
    e_blinding = (a_blinding + s_blinding * x) % ORDER
    for label, scalar in ("t_x", t_x), ("t_x_blinding", t_blinding), ("e_blinding", e_blinding):
        out.append(scalar.to_bytes(32, "little"))
        transcript.append(label, out[-1])
    q = multiply([transcript.challenge_scalar("w")], [BASE])

    transcript.append("dom-sep", b"ipp v1")
    transcript.append64("n", n)
    h = [multiply([power], [point]) for power, point in zip(powers(pow(y, -1, ORDER), n), h)]
    while n > 1:
        n //= 2
        cross = inner_product(left[:n], right[n:])
        append_point("L", multiply(left[:n] + right[n:] + [cross], g[n:] + h[:n] + [q]))
        cross = inner_product(left[n:], right[:n])
        append_point("R", multiply(left[n:] + right[:n] + [cross], g[:n] + h[n:] + [q]))
        u = transcript.challenge_scalar("u")
        inverse = pow(u, -1, ORDER)
        left = [(lo * u + hi * inverse) % ORDER for lo, hi in zip(left[:n], left[n:])]
        right = [(lo * inverse + hi * u) % ORDER for lo, hi in zip(right[:n], right[n:])]
        g = [multiply([inverse, u], pair) for pair in zip(g[:n], g[n:])]
        h = [multiply([u, inverse], pair) for pair in zip(h[:n], h[n:])]
    return b"".join(out) + left[0].to_bytes(32, "little") + right[0].to_bytes(32, "little")


# --- Statements -----------------------------------------------------------------------------------------------------

TERMS = [
    "accept-period", "ship-period", "grace-period", "confirm-period", "resolve-period", "bond-multiple", "penalty-share",
]  # fmt: skip
LISTING = ["listing-seller", "listing-seq"]
ORDER_NAME = ["order-buyer", "order-seq"]

# What a binding's value is: bytes of an account, or a number of 4 or 8 bytes.
BINDING_KINDS = {name: "account" for name in ("listing-seller", "order-buyer", "counterparty", "credit-creator")}
BINDING_KINDS.update({
    name: "le32" for name in ("price-version", "bond-multiple", "penalty-share", "target", "credit-kind")
})  # fmt: skip

# Indices in the SCALE form.
CREDIT = ["credit-creator", "credit-seq", "credit-kind"]
SCALE_BINDINGS = LISTING + ["price-version"] + ORDER_NAME + ["counterparty", "quota"] + TERMS + ["target"] + CREDIT
SCALE_NOTES = ["own", "stock", "counterparty", "quote"]
SCALE_ROLES = [
    "amount", "balance-after", "issued-after", "price", "stock", "commodity", "delivery", "quantity", "total",
    "stock-after", "refreshed", "residue",
]  # fmt: skip

# For each call: bindings, notes, roles of ciphertexts, values (shift, limit), and equations as target and bases. A base is
# "N" for 1 + N, a role, or None. A limit names the binding that holds it.
PLAIN, SHIFTED = (0, None), (1, None)
_DEBIT = (["counterparty"], ["own", "counterparty"], ["amount", "balance-after"], [SHIFTED, PLAIN],
          [("amount", ["N", None]), ("balance-after", [None, "N"])])  # fmt: skip
STATEMENTS = {
    "issue": (["counterparty", "quota"], ["own", "counterparty"], ["amount", "issued-after"], [SHIFTED, (0, "quota")],
              [("amount", ["N", None]), ("issued-after", [None, "N"])]),
    "transfer": _DEBIT,
    "redeem": _DEBIT,
    "list": ([], ["own"], ["price", "stock", "commodity"], [SHIFTED, PLAIN, PLAIN],
             [("price", ["N", None, None]), ("stock", [None, "N", None]), ("commodity", [None, None, "N"])]),
    "reprice": (LISTING + ["price-version"], ["own"], ["price"], [SHIFTED], [("price", ["N"])]),
    "restock": (LISTING + ["price-version"], ["own"], ["delivery"], [PLAIN], [("delivery", ["N"])]),
    "order": (LISTING + ["price-version"] + TERMS, ["own", "counterparty", "quote"],
              ["price", "quantity", "total", "balance-after"], [SHIFTED, PLAIN],
              [("quantity", ["N", None]), ("total", ["price", None]), ("balance-after", [None, "N"])]),
    "dispute": (ORDER_NAME, ["own"], ["total", "balance-after"], [PLAIN], [("balance-after", ["N"])]),
    "accept": (ORDER_NAME + LISTING + TERMS, ["own", "stock"], ["quantity", "total", "stock-after", "balance-after"],
               [PLAIN, PLAIN], [("stock-after", ["N", None]), ("balance-after", [None, "N"])]),
}  # fmt: skip
CALL_BYTES = {call: i for i, call in enumerate([*STATEMENTS, "collect", "refresh"])}
# Of values nothing is shown: the proof is another. What else is bound depends on what is refreshed.
STATEMENTS["refresh"] = (["target"], ["own"], ["refreshed", "residue"], [], [])
TARGETS = [[], CREDIT, LISTING]
CALLS = list(STATEMENTS)


class Statement:
    """A statement from its named parts: `parts` has `call`, `genesis`, `account`, `seq`, `salt` and the maps `bindings`,
    `notes` and `ciphertexts`. All order comes from the table above."""

    def __init__(self, key, parts):
        self.key, self.call, self.seq = key, parts["call"], parts["seq"]
        self.genesis, self.account, self.salt = parts["genesis"], parts["account"], parts["salt"]
        bindings, notes, self.roles, values, equations = STATEMENTS[self.call]
        if self.call == "refresh":
            target = parts["bindings"]["target"]
            require(target < len(TARGETS), "what is refreshed is unknown")
            bindings = bindings + TARGETS[target]
        for name, wanted in ("bindings", bindings), ("notes", notes), ("ciphertexts", self.roles):
            require(sorted(parts[name]) == sorted(wanted), f"not the {name} of {self.call}")
        self.bindings = [(name, self._binding(name, parts["bindings"][name])) for name in bindings]
        self.notes = [(name, parts["notes"][name]) for name in notes]
        self.ciphertexts = [(role, parts["ciphertexts"][role]) for role in self.roles]
        self.values = [(shift, limit and parts["bindings"][limit]) for shift, limit in values]
        self.equations = equations

    @staticmethod
    def _binding(name, value):
        kind = BINDING_KINDS.get(name, "le64")
        return value if kind == "account" else le32(value) if kind == "le32" else le64(value)

    def _base_number(self, base):
        return 0 if base is None else 1 if base == "N" else 2 + self.roles.index(base)

    def transcript(self):
        t = Transcript("veilmart/confidential")
        t.append64("version", VERSION)
        t.append("set", self.key.set.encode())
        t.append("genesis", self.genesis)
        t.append("modulus", self.key.n_bytes)
        t.append("call", self.call.encode())
        t.append("account", self.account)
        t.append64("seq", self.seq)
        t.append("salt", self.salt)
        t.append64("bindings", len(self.bindings))
        for name, value in self.bindings:
            t.append("name", name.encode())
            t.append("value", value)
        t.append64("notes", len(self.notes))
        for name, note_hash in self.notes:
            t.append("name", name.encode())
            t.append("hash", note_hash)
        t.append64("ciphertexts", len(self.ciphertexts))
        for role, ciphertext in self.ciphertexts:
            t.append("role", role.encode())
            t.append("ciphertext", ciphertext)
        t.append64("values", len(self.values))
        for shift, limit in self.values:
            t.append64("shift", shift)
            t.append("limit", b"" if limit is None else le64(limit))
        t.append64("equations", len(self.equations))
        for target, bases in self.equations:
            t.append64("target", self.roles.index(target))
            for base in bases:
                t.append64("base", self._base_number(base))
        return t

    def scale(self):
        """The form for memory and the host interface."""

        def items(encoded):
            return bytes([len(encoded)]) + b"".join(encoded)

        out = bytes([{2048: 0, 3072: 1}[self.key.bits], CALLS.index(self.call)])
        out += self.genesis + self.account + le64(self.seq) + self.salt
        out += items([bytes([SCALE_BINDINGS.index(name)]) + value for name, value in self.bindings])
        out += items([bytes([SCALE_NOTES.index(name)]) + note_hash for name, note_hash in self.notes])
        out += items([bytes([SCALE_ROLES.index(role)]) + ciphertext for role, ciphertext in self.ciphertexts])
        out += items([bytes([shift]) if limit is None else b"\2" + le64(limit) for shift, limit in self.values])

        def base(name):
            number = self._base_number(name)
            return bytes([number]) if number < 2 else bytes([2, number - 2])

        return out + items([
            bytes([self.roles.index(target)]) + items([base(name) for name in bases])
            for target, bases in self.equations
        ])  # fmt: skip

    def range_count(self):
        """How many commitments the Bulletproof has, padding included."""
        count = sum(1 if limit is None else 2 for _, limit in self.values)
        return 1 << (count - 1).bit_length()

    def range_commitments(self, commitments):
        points = []
        for (shift, limit), v in zip(self.values, commitments):
            if limit is not None:
                points += [v, point_add(multiply([limit], [BASE]), point_negate(v))]
            else:
                points.append(point_add(v, point_negate(BASE)) if shift else v)
        points += [IDENTITY] * (self.range_count() - len(points))
        return [point_encode(point) for point in points]


def first_challenge(transcript, commitments, a, t):
    for label, items in ("V", commitments), ("A", a), ("T", t):
        for item in items:
            transcript.append(label, item)
    return transcript.challenge("e", 16)


def append_responses(transcript, z, w, t):
    for label, items in ("z", z), ("w", w), ("t", t):
        for item in items:
            transcript.append(label, item)


def split(data, *counts_and_sizes):
    out = []
    for count, size in counts_and_sizes:
        out.append([data[i * size : (i + 1) * size] for i in range(count)])
        data = data[count * size :]
    return (*out, data)


def proof_sections(statement):
    """Offset and length of each part of the proof, by name."""
    if statement.call == "refresh":
        size = statement.key.bits // 8
        return {"version": (0, 1), "e": (1, 16), "y": (17, size)}, 17 + size
    k, m = len(statement.values), len(statement.equations)
    rounds = (64 * statement.range_count()).bit_length() - 1
    sizes = [("version", 1)] + [(f"V{j}", 32) for j in range(k)] + [("e", 16)] + [(f"z{j}", 32) for j in range(k)]
    sizes += [(f"w{i}", statement.key.response_bytes) for i in range(m)] + [(f"t{j}", 32) for j in range(k)]
    sizes += [(f"bulletproof {name}", 32) for name in ("A", "S", "T1", "T2", "t_x", "t_x_blinding", "e_blinding")]
    sizes += [(f"bulletproof {side}{i}", 32) for i in range(rounds) for side in "LR"]
    sizes += [("bulletproof a", 32), ("bulletproof b", 32)]
    sections, offset = {}, 0
    for name, size in sizes:
        sections[name] = (offset, size)
        offset += size
    return sections, offset


def verify(statement, proof):
    """Section 3 of the design: raises `Refused` unless the proof is one of the statement."""
    key = statement.key
    k, m = len(statement.values), len(statement.equations)
    require(len(proof) == proof_sections(statement)[1], "the proof has a wrong length")
    require(proof[0] == VERSION, "the proof is of another version")
    if statement.call == "refresh":
        return verify_refresh(statement, proof[1:17], proof[17:])
    v_bytes, (e_bytes,), z_bytes, w_bytes, t_bytes, range_proof = split(
        proof[1:], (k, 32), (1, 16), (k, 32), (m, key.response_bytes), (k, 32)
    )
    z, w = [little(item) for item in z_bytes], [little(item) for item in w_bytes]
    require(all(number < 2**250 - 2**192 for number in z), "a response for a value is out of range")
    low = 1 << (key.bits // 2 + 256)
    require(all(low <= number < (low << 128) - low for number in w), "a response for a nonce is out of range")
    t = [scalar_decode(item) for item in t_bytes]
    commitments = [point_decode(item) for item in v_bytes]
    ciphertexts = {role: key.decode(data) for role, data in statement.ciphertexts}
    e = little(e_bytes)
    a = []
    for (target, bases), response in zip(statement.equations, w):
        product = key.mask(response) * pow(ciphertexts[target], e, key.n2)
        for base, exponent in zip(bases, z):
            if base == "N":
                product *= 1 + exponent * key.n
            elif base is not None:
                product *= pow(ciphertexts[base], exponent, key.n2)
        a.append(key.encode(product % key.n2))
    points = [
        point_encode(multiply([zj, tj, e], [BASE, BLINDING_BASE, v])) for zj, tj, v in zip(z, t, commitments)
    ]
    transcript = statement.transcript()
    require(first_challenge(transcript, v_bytes, a, points) == e_bytes, "the challenge differs")
    append_responses(transcript, z_bytes, w_bytes, t_bytes)
    verify_range_proof(transcript, statement.range_commitments(commitments), range_proof)


def verify_refresh(statement, e_bytes, y_bytes):
    """That the residue is an N-th power, by Guillou and Quisquater."""
    key = statement.key
    y = big(y_bytes)
    require(0 < y < key.n and math.gcd(y, key.n) == 1, "the response is not a unit below N")
    ciphertexts = {role: key.decode(data) for role, data in statement.ciphertexts}
    a = pow(y, key.n, key.n2) * pow(ciphertexts["residue"], little(e_bytes), key.n2) % key.n2
    require(first_challenge(statement.transcript(), [], [key.encode(a)], []) == e_bytes, "the challenge differs")


def prove_refresh(statement, root, random):
    key = statement.key
    k = random.number(key.bits - 1)
    a = key.encode(pow(k, key.n, key.n2))
    e_bytes = first_challenge(statement.transcript(), [], [a], [])
    y = k * pow(root, -little(e_bytes), key.n) % key.n
    return bytes([VERSION]) + e_bytes + y.to_bytes(key.bits // 8, "big")


class Stream:
    """Deterministic bytes in place of randomness: vectors only."""

    def __init__(self, label):
        self.label, self.count = label.encode(), 0

    def bytes(self, size):
        self.count += 1
        return expand("veilmart/vectors/stream/1", self.label, le64(self.count), size=size)

    def number(self, bits):
        return little(self.bytes(-(-bits // 8))) % (1 << bits)

    def scalar(self):
        return little(self.bytes(64)) % ORDER


def prove(statement, values, nonces, random):
    key = statement.key
    ciphertexts = {role: key.decode(data) for role, data in statement.ciphertexts}
    blindings = [random.scalar() for _ in values]
    v_bytes = [point_encode(commit(value, blinding)) for value, blinding in zip(values, blindings)]
    low = 1 << (key.bits // 2 + 256)
    while True:
        alpha = [random.number(250) for _ in values]
        sigma = [random.scalar() for _ in values]
        beta = [random.number(key.bits // 2 + 384) for _ in nonces]
        a = []
        for (_, bases), mask in zip(statement.equations, beta):
            product = key.mask(mask)
            for base, exponent in zip(bases, alpha):
                if base is not None:
                    base = 1 + key.n if base == "N" else ciphertexts[base]
                    product = product * pow(base, exponent, key.n2) % key.n2
            a.append(key.encode(product))
        transcript = statement.transcript()
        points = [point_encode(commit(mask, blinding)) for mask, blinding in zip(alpha, sigma)]
        e_bytes = first_challenge(transcript, v_bytes, a, points)
        e = little(e_bytes)
        z = [mask - e * value for mask, value in zip(alpha, values)]
        w = [mask - e * nonce for mask, nonce in zip(beta, nonces)]
        t = [(mask - e * blinding) % ORDER for mask, blinding in zip(sigma, blindings)]
        if all(0 <= x < 2**250 - 2**192 for x in z) and all(low <= x < (low << 128) - low for x in w):
            break
    z, t = ([number.to_bytes(32, "little") for number in numbers] for numbers in (z, t))
    w = [number.to_bytes(key.response_bytes, "little") for number in w]
    append_responses(transcript, z, w, t)
    range_values, range_blindings = [], []
    for (shift, limit), value, blinding in zip(statement.values, values, blindings):
        range_values.append(value - shift)
        range_blindings.append(blinding)
        if limit is not None:
            range_values.append(limit - value)
            range_blindings.append(-blinding % ORDER)
    padding = [0] * (statement.range_count() - len(range_values))
    range_proof = prove_range(transcript, range_values + padding, range_blindings + padding, random)
    return bytes([VERSION]) + b"".join(v_bytes + [e_bytes] + z + w + t) + range_proof


# --- Secrets of an account ------------------------------------------------------------------------------------------


def x25519(secret, point=(9).to_bytes(32, "little")):
    """RFC 7748."""
    k = little(secret) & ~7 & (1 << 255) - 1 | 1 << 254
    u = little(point) % 2**255
    x2, z2, x3, z3 = 1, 0, u, 1
    for i in reversed(range(255)):
        bit = k >> i & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = (x2 + z2) % P, (x2 - z2) % P, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a % P, c * b % P, a * a % P, b * b % P
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def mini_secret(entropy):
    """The 32 bytes that Substrate derives from a mnemonic's entropy with an empty password."""
    return hashlib.pbkdf2_hmac("sha512", entropy, b"mnemonic", 2048, 64)[:32]


def account_key(seed):
    """The sr25519 public key of a mini secret, in schnorrkel's expansion as Ed25519 does it."""
    scalar = bytearray(hashlib.sha512(seed).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 63 | 64
    return point_encode(multiply([little(scalar) >> 3], [BASE]))


class Wallet:
    """Everything that derives from one mnemonic."""

    def __init__(self, entropy):
        self.entropy = entropy
        self.seed = mini_secret(entropy)
        self.account = account_key(self.seed)
        self.secret = prf(self.seed, "veilmart/prf/1", size=32)

    def view_secret(self, index):
        return prf(self.seed, "veilmart/view/1", le32(index), size=32)


def derive_salt(secret, genesis, account, seq, call, plaintexts, ciphertexts, entropy):
    values = b"".join(map(le64, plaintexts))
    parts = (genesis, account, le64(seq), call.encode(), values, *ciphertexts, entropy)
    return prf(secret, "veilmart/salt/1", *parts, size=16)


def derive_seed(secret, genesis, account, seq, call, salt, role, index=0):
    parts = (genesis, account, le64(seq), call.encode(), salt, role.encode(), bytes([index]))
    return prf(secret, "veilmart/seed/1", *parts, size=32)


def derive_nonce(key, seed, genesis, sender, named, role):
    """`named` is the account and the sequence number of what the ciphertext belongs to."""
    account, seq = named
    parts = (genesis, sender, account + le64(seq), role.encode())
    return little(prf(seed, "veilmart/nonce/1", *parts, size=key.fresh_bytes))


# --- Notes ----------------------------------------------------------------------------------------------------------


def pad_note(kind, fields):
    note = bytes([1, kind]) + fields
    require(len(note) <= 320, "the note is too long")
    return note.ljust(320, b"\0")


def own_note(key, call, seq, salt, values, nonce):
    values = [*values, 0, 0, 0][:4]
    head = bytes([CALL_BYTES[call]]) + le64(seq) + salt
    return pad_note(0, head + b"".join(map(le64, values)) + key.encode_nonce(nonce))


def open_note(key, note):
    """The note's fields by name; refuses whatever a wallet must not open."""
    require(len(note) == 320 and note[0] == 1, "the note has a wrong length or version")
    kind, rest = note[1], note[2:]
    require(kind < 4, "the note's kind is unknown")
    sizes = {
        0: [1, 8, 16, 8, 8, 8, 8, key.signed_bytes],
        1: [8, 8, 32, 32],
        2: [8, 8, 32, 32],
        3: [8, 32],
    }[kind]
    fields = []
    for size in sizes:
        fields.append(rest[:size])
        rest = rest[size:]
    require(not any(rest), "bytes after the note's fields")
    if kind == 0:
        call, seq, salt, *values, nonce = fields
        require(call[0] in CALL_BYTES.values(), "the note's call is unknown")
        return kind, call[0], little(seq), salt, [little(value) for value in values], key.decode_nonce(nonce)
    return (kind, *(little(field) if len(field) == 8 else field for field in fields))


def _salsa_rounds(words):
    x = list(words)

    def quarter(a, b, c, d):
        for target, p, q, rotation in (b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18):
            total = x[p] + x[q] & 0xFFFFFFFF
            x[target] ^= (total << rotation | total >> (32 - rotation)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(*(5 * i % 16, (5 * i + 4) % 16, (5 * i + 8) % 16, (5 * i + 12) % 16))
        for i in range(4):
            quarter(*(4 * i + (i + j) % 4 for j in range(4)))
    return x


def _salsa_words(key, block):
    c, k, n = struct.unpack("<4I", b"expand 32-byte k"), struct.unpack("<8I", key), struct.unpack("<4I", block)
    return [c[0], *k[:4], c[1], *n, c[2], *k[4:], c[3]]


def hsalsa20(key, block):
    x = _salsa_rounds(_salsa_words(key, block))
    return struct.pack("<8I", *(x[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)))


def xsalsa20(key, nonce, size):
    key = hsalsa20(key, nonce[:16])
    out = b""
    for block in range(-(-size // 64)):
        words = _salsa_words(key, nonce[16:] + le64(block))
        out += struct.pack("<16I", *(a + b & 0xFFFFFFFF for a, b in zip(words, _salsa_rounds(words))))
    return out[:size]


def poly1305(key, message):
    r = little(key[:16]) & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(message), 16):
        total = (total + little(message[i : i + 16] + b"\1")) * r % (2**130 - 5)
    return ((total + little(key[16:])) % 2**128).to_bytes(16, "little")


def secret_box(key, nonce, message):
    """NaCl's crypto_secretbox: the tag, then what it is of."""
    stream = xsalsa20(key, nonce, 32 + len(message))
    body = bytes(a ^ b for a, b in zip(message, stream[32:]))
    return poly1305(stream[:32], body) + body


def _seal_key(shared_with, mine, ephemeral, recipient):
    key = hsalsa20(x25519(mine, shared_with), bytes(16))
    return key, hashlib.blake2b(ephemeral + recipient, digest_size=24).digest()


def seal(note, view_key, ephemeral_secret):
    """NaCl's crypto_box_seal."""
    ephemeral = x25519(ephemeral_secret)
    key, nonce = _seal_key(view_key, ephemeral_secret, ephemeral, view_key)
    return ephemeral + secret_box(key, nonce, note)


def unseal(sealed, view_secret):
    require(len(sealed) >= 48, "the sealed note is too short")
    ephemeral, tag, body = sealed[:32], sealed[32:48], sealed[48:]
    key, nonce = _seal_key(ephemeral, view_secret, ephemeral, x25519(view_secret))
    stream = xsalsa20(key, nonce, 32 + len(body))
    require(hmac.compare_digest(poly1305(stream[:32], body), tag), "the sealed note is for somebody else")
    return bytes(a ^ b for a, b in zip(body, stream[32:]))


def note_hash(sealed):
    return hash32("veilmart/note/1", sealed)


# --- Recovery letters -----------------------------------------------------------------------------------------------

LETTER_TARGETS = {"balance": 0, "credit": 1, "stock": 2}
CREDIT_KINDS = 8


def encode_letter(key, letter):
    """The plaintext of a letter; `letter` has its fields by name."""
    named = letter["account"] + le64(letter["seq"]) + bytes([letter["kind"]])
    values = b"".join(le64(letter[name]) for name in ("value", "price", "commodity"))
    head = bytes([1, LETTER_TARGETS[letter["target"]]]) + named + values
    return head + letter["ciphertext"] + letter["root"].to_bytes(key.bits // 8, "big")


def open_letter(key, data):
    """The letter's fields by name; refuses whatever a wallet must not open. Whether it is true is another thing."""
    require(len(data) == 67 + key.bits // 4 + key.bits // 8, "the letter has a wrong length")
    require(data[0] == 1, "the letter's version is unknown")
    names = {number: name for name, number in LETTER_TARGETS.items()}
    require(data[1] in names, "the letter's target is unknown")
    values = [little(data[i : i + 8]) for i in (43, 51, 59)]
    letter = {
        "target": names[data[1]], "account": data[2:34], "seq": little(data[34:42]), "kind": data[42],
        **dict(zip(("value", "price", "commodity"), values)), "ciphertext": data[67 : 67 + key.bits // 4],
        "root": big(data[67 + key.bits // 4 :]),
    }  # fmt: skip
    require(letter["target"] != "balance" or not any(data[2:42]), "a balance has no name")
    require(letter["kind"] < (CREDIT_KINDS if letter["target"] == "credit" else 1), "the letter's kind is unknown")
    require(letter["target"] == "stock" or not any(values[1:]), "only a stock has a price and an item")
    require(0 < letter["root"] < key.n and math.gcd(letter["root"], key.n) == 1, "the root is no unit below N")
    return letter


def verify_letter(key, letter):
    """Value and root give the ciphertext, bit for bit."""
    composed = pow(1 + key.n, letter["value"], key.n2) * pow(letter["root"], key.n, key.n2) % key.n2
    require(key.encode(composed) == letter["ciphertext"], "value and root do not open the letter's ciphertext")


def decrypt_with_root(bits, ciphertext):
    """What the certificate authority tells: plaintext and root, from the factors alone."""
    key, p, q = test_key(bits)
    order = math.lcm(p - 1, q - 1)
    number = key.decode(ciphertext)
    value = (pow(number, order, key.n2) - 1) // key.n * pow(order, -1, key.n) % key.n
    return value, pow(number % key.n, pow(key.n, -1, order), key.n)


def address(account):
    """The account's address: SS58 with prefix 42."""
    data = bytes([42]) + account
    number = big(data + hashlib.blake2b(b"SS58PRE" + data).digest()[:2])
    digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = digits[digit] + text
    return text


# --- Making vectors -------------------------------------------------------------------------------------------------

GENESIS = hash32("veilmart/vectors/1", b"genesis")
ENTROPIES = {
    # The first is Substrate's development phrase, "bottom drive obey …".
    "buyer": bytes.fromhex("1a486a5fbe53639984cb64b070755f7b"),
    "seller": bytes(range(24)),
    "issuer": bytes(range(200, 232)),
}
TERM_VALUES = dict(zip(TERMS, [86_400_000, 604_800_000, 172_800_000, 1_209_600_000, 2**40 + 1, 10, 1]))


class Market:
    """One purchase from money to bond, as the wallets see it: every statement with its witness, and the notes."""

    def __init__(self, key):
        self.key = key
        self.random = Stream(f"market {key.set}")
        self.wallets = {name: Wallet(entropy) for name, entropy in ENTROPIES.items()}
        self.notes, self.salts, self.seeds, self.nonces, self.statements = [], [], [], [], []
        self.letters = []
        self._run()

    def salt(self, who, seq, call, plaintexts, ciphertexts):
        wallet, entropy = self.wallets[who], self.random.bytes(32)
        salt = derive_salt(wallet.secret, GENESIS, wallet.account, seq, call, plaintexts, ciphertexts, entropy)
        self.salts.append({
            "secret": to_hex(wallet.secret), "genesis": to_hex(GENESIS), "account": to_hex(wallet.account), "seq": seq,
            "call": call, "plaintexts": plaintexts, "ciphertexts": [to_hex(c) for c in ciphertexts],
            "entropy": to_hex(entropy), "salt": to_hex(salt),
        })  # fmt: skip
        return salt

    def fresh(self, who, seq, call, salt, role, named=None):
        """The seed and the nonce of a new ciphertext; `named` is what it belongs to if that is not the call itself."""
        wallet = self.wallets[who]
        named = named or (wallet.account, seq)
        seed = derive_seed(wallet.secret, GENESIS, wallet.account, seq, call, salt, role)
        nonce = derive_nonce(self.key, seed, GENESIS, wallet.account, named, role)
        self.seeds.append({
            "secret": to_hex(wallet.secret), "genesis": to_hex(GENESIS), "account": to_hex(wallet.account), "seq": seq,
            "call": call, "salt": to_hex(salt), "role": role, "index": 0, "seed": to_hex(seed),
        })  # fmt: skip
        self.nonces.append({
            "set": self.key.set, "seed": to_hex(seed), "genesis": to_hex(GENESIS), "sender": to_hex(wallet.account),
            "object": {"account": to_hex(named[0]), "seq": named[1]}, "role": role,
            "nonce": to_hex(nonce.to_bytes(self.key.fresh_bytes, "little")),
        })  # fmt: skip
        return seed, nonce

    def note(self, who, name, plaintext):
        """Seals a note to the first view key of `who`; its hash."""
        wallet = self.wallets[who]
        ephemeral = self.random.bytes(32)
        sealed = seal(plaintext, x25519(wallet.view_secret(0)), ephemeral)
        self.notes.append({
            "set": self.key.set, "name": name, "plaintext": to_hex(plaintext), "ephemeral-secret": to_hex(ephemeral),
            "view-secret": to_hex(wallet.view_secret(0)), "sealed": to_hex(sealed), "hash": to_hex(note_hash(sealed)),
        })  # fmt: skip
        return note_hash(sealed)

    def letter(self, who, name, target, named, opening, values):
        """What the authority tells `who` about a ciphertext, sealed to the view key with the target's number."""
        wallet, index = self.wallets[who], LETTER_TARGETS[target]
        ciphertext = self.enc(opening)
        value, root = decrypt_with_root(self.key.bits, ciphertext)
        assert (value, root) == (opening[0], pow(self.key.h, opening[1], self.key.n))
        account, seq, kind = named
        price, commodity = (values[0], values[2]) if target == "stock" else (0, 0)
        letter = {
            "target": target, "account": account, "seq": seq, "kind": kind, "value": value, "price": price,
            "commodity": commodity, "ciphertext": ciphertext, "root": root,
        }  # fmt: skip
        plaintext = encode_letter(self.key, letter)
        ephemeral = Stream(f"letter {self.key.set} {name}").bytes(32)
        sealed = seal(plaintext, x25519(wallet.view_secret(index)), ephemeral)
        self.letters.append({
            "set": self.key.set, "name": name, "seed": to_hex(wallet.seed), "view-index": index,
            "view-secret": to_hex(wallet.view_secret(index)), **parts_to_json(letter),
            "root": to_hex(root.to_bytes(self.key.bits // 8, "big")), "plaintext": to_hex(plaintext),
            "ephemeral-secret": to_hex(ephemeral),
            "file": {
                "version": 1, "genesis": to_hex(GENESIS), "account": address(wallet.account), "sealed": to_hex(sealed),
            },
        })  # fmt: skip

    def own_note(self, who, call, seq, salt, values, nonce, name="own"):
        return self.note(who, f"{call}: {name}", own_note(self.key, call, seq, salt, values, nonce))

    def enc(self, opening):
        return self.key.encode(self.key.encrypt(*opening))

    def add(self, who, call, seq, salt, bindings, notes, ciphertexts, values, nonces):
        parts = {
            "call": call, "genesis": GENESIS, "account": self.wallets[who].account, "seq": seq, "salt": salt,
            "bindings": bindings, "notes": notes, "ciphertexts": ciphertexts,
        }  # fmt: skip
        self.statements.append((parts, values, nonces))

    def debit(self, who, call, seq, balance, amount, counterparty, note_to):
        """`issue`, `transfer`, `redeem`: the opening of the amount, and what is left or issued after it."""
        wallet = self.wallets[who]
        values = [amount, balance[0] + (amount if call == "issue" else -amount)]
        salt = self.salt(who, seq, call, values, [self.enc(balance)])
        seed, nonce = self.fresh(who, seq, call, salt, "amount")
        after = (values[1], balance[1] + (nonce if call == "issue" else -nonce))
        bindings = {"counterparty": counterparty}
        role = "balance-after"
        if call == "issue":
            bindings["quota"], role = 2**63 + 12345, "issued-after"
        notes = {
            "own": self.own_note(who, call, seq, salt, values, after[1]),
            "counterparty": self.note(note_to, "credit", pad_note(3, le64(amount) + seed)),
        }
        ciphertexts = {"amount": self.enc((amount, nonce)), role: self.enc(after)}
        self.add(who, call, seq, salt, bindings, notes, ciphertexts, values, [nonce, after[1]])
        assert wallet.account != counterparty
        return (amount, nonce), after

    def _run(self):
        buyer, seller, issuer = (self.wallets[name].account for name in ("buyer", "seller", "issuer"))
        key = self.key
        issued = (250, self.random.number(8 * key.fresh_bytes))
        balance, _ = self.debit("issuer", "issue", 0, issued, 10**15, buyer, "buyer")
        sent, balance = self.debit("buyer", "transfer", 1, balance, 800_000, seller, "seller")
        _, balance = self.debit("buyer", "redeem", 2**40 + 7, balance, 1, issuer, "issuer")
        call, seq = "collect", 2**40 + 8
        salt = self.salt("buyer", seq, call, [balance[0]], [self.enc(balance)])
        self.own_note("buyer", call, seq, salt, [balance[0]], balance[1])

        price, count, stock, item = 25_000, 3, 40, 0xC0FFEE
        listing = (seller, 5)
        call, seq = "list", 5
        salt = self.salt("seller", seq, call, [price, stock, item], [])
        seeds, nonces = zip(*(self.fresh("seller", seq, call, salt, role) for role in STATEMENTS["list"][2]))
        listed = dict(zip(STATEMENTS["list"][2], map(self.enc, zip([price, stock, item], nonces))))
        notes = {"own": self.own_note("seller", call, seq, salt, [price, stock, item], nonces[1])}
        self.add("seller", call, seq, salt, {}, notes, dict(listed), [price, stock, item], list(nonces))
        item_seed, stock_nonce = seeds[2], nonces[1]
        named = {"listing-seller": seller, "listing-seq": 5}

        call, seq, price = "reprice", 6, 24_000
        salt = self.salt("seller", seq, call, [price], [listed["price"]])
        price_seed, price_nonce = self.fresh("seller", seq, call, salt, "price", listing)
        notes = {"own": self.own_note("seller", call, seq, salt, [price, stock, item], stock_nonce)}
        ciphertexts = {"price": self.enc((price, price_nonce))}
        listed["price"] = ciphertexts["price"]
        self.add("seller", call, seq, salt, {**named, "price-version": 1}, notes, ciphertexts, [price], [price_nonce])

        # A delivery of nothing is allowed.
        call, seq, delivery = "restock", 7, 0
        salt = self.salt("seller", seq, call, [delivery], [listed["stock"]])
        _, nonce = self.fresh("seller", seq, call, salt, "delivery", listing)
        stock, stock_nonce = stock + delivery, stock_nonce + nonce
        notes = {"own": self.own_note("seller", call, seq, salt, [price, stock, item], stock_nonce)}
        ciphertexts = {"delivery": self.enc((delivery, nonce))}
        self.add("seller", call, seq, salt, {**named, "price-version": 1}, notes, ciphertexts, [delivery], [nonce])

        call, seq = "order", 2**40 + 9
        total = price * count
        values = [count, balance[0] - total]
        salt = self.salt("buyer", seq, call, values, [listed["price"], self.enc(balance)])
        quantity_seed, quantity_nonce = self.fresh("buyer", seq, call, salt, "quantity")
        total_seed, rho = self.fresh("buyer", seq, call, salt, "total")
        total_nonce = price_nonce * count + rho
        after = (values[1], balance[1] - total_nonce)
        quote = pad_note(1, le64(price) + le64(item) + price_seed + item_seed)
        order = pad_note(2, le64(count) + le64(price) + quantity_seed + total_seed)
        notes = {
            "own": self.own_note("buyer", call, seq, salt, [after[0], count, price, total], after[1]),
            "counterparty": self.note("seller", "order", order),
            "quote": self.note("buyer", "quote", quote),
        }
        ciphertexts = {
            "price": listed["price"], "quantity": self.enc((count, quantity_nonce)),
            "total": key.encode(pow(key.decode(listed["price"]), count, key.n2) * key.mask(rho) % key.n2),
            "balance-after": self.enc(after),
        }  # fmt: skip
        assert ciphertexts["total"] == self.enc((total, total_nonce))
        bindings = {**named, "price-version": 1, **TERM_VALUES}
        self.add("buyer", call, seq, salt, bindings, notes, ciphertexts, values, [quantity_nonce, rho, after[1]])
        ordered, balance, name = ciphertexts, after, {"order-buyer": buyer, "order-seq": seq}

        call, seq = "accept", 2**64 - 1
        values = [stock - count, sent[0] - 10 * total]
        before = [self.enc((stock, stock_nonce)), self.enc(sent)]
        salt = self.salt("seller", seq, call, values, before)
        nonces = [stock_nonce - quantity_nonce, sent[1] - 10 * total_nonce]
        notes = {
            "own": self.own_note("seller", call, seq, salt, [values[1], count, price, total], nonces[1]),
            "stock": self.own_note("seller", call, seq, salt, [price, values[0], item], nonces[0], "stock"),
        }
        ciphertexts = {
            "quantity": ordered["quantity"], "total": ordered["total"],
            "stock-after": self.enc((values[0], nonces[0])), "balance-after": self.enc((values[1], nonces[1])),
        }  # fmt: skip
        bond = pow(key.decode(ordered["total"]), 10, key.n2)
        assert key.decode(ciphertexts["balance-after"]) * bond % key.n2 == key.decode(before[1])
        self.add("seller", call, seq, salt, {**name, **named, **TERM_VALUES}, notes, ciphertexts, values, nonces)

        call, seq = "dispute", 2**40 + 10
        after = (balance[0] - total, balance[1] - total_nonce)
        salt = self.salt("buyer", seq, call, [after[0]], [self.enc(balance), ordered["total"]])
        notes = {"own": self.own_note("buyer", call, seq, salt, [after[0]], after[1])}
        ciphertexts = {"total": ordered["total"], "balance-after": self.enc(after)}
        self.add("buyer", call, seq, salt, name, notes, ciphertexts, [after[0]], [after[1]])
        balance = after

        # What an account has that was never called for: a ciphertext and a root of many zeros.
        self.letter("issuer", "balance of nothing", "balance", (bytes(32), 0, 0), (0, 0), [0])

        # A balance, a credit (the buyer's transfer, with the seller) and a stock: told first, as if they were lost.
        transfer = {"credit-creator": buyer, "credit-seq": 1, "credit-kind": 6}
        for who, seq, bindings, opening, values in [
            ("buyer", 2**40 + 11, {"target": 0}, balance, [balance[0]]),
            ("seller", 8, {"target": 1, **transfer}, sent, [sent[0]]),
            ("seller", 9, {"target": 2, **named}, (stock, stock_nonce), [price, stock, item]),
        ]:
            self.refresh(who, seq, bindings, opening, values)

    def refresh(self, who, seq, bindings, opening, values):
        """To a fresh nonce; `values` are those of the note."""
        target = next(name for name, number in LETTER_TARGETS.items() if number == bindings["target"])
        named = {
            "balance": (bytes(32), 0, 0),
            "credit": tuple(bindings.get(f"credit-{part}") for part in ("creator", "seq", "kind")),
            "stock": (bindings.get("listing-seller"), bindings.get("listing-seq"), 0),
        }[target]
        self.letter(who, target, target, named, opening, values)
        value, old = opening
        salt = self.salt(who, seq, "refresh", [value], [self.enc(opening)])
        _, new = self.fresh(who, seq, "refresh", salt, "refreshed")
        note = self.own_note(who, "refresh", seq, salt, values, new)
        refreshed, residue = self.key.encrypt(value, new), self.key.mask(new - old)
        assert refreshed == self.key.encrypt(*opening) * residue % self.key.n2
        ciphertexts = {"refreshed": self.key.encode(refreshed), "residue": self.key.encode(residue)}
        root = pow(self.key.h, new - old, self.key.n)
        self.add(who, "refresh", seq, salt, bindings, {"own": note}, ciphertexts, [], root)


def map_leaves(value, function):
    if isinstance(value, dict):
        return {key: map_leaves(item, function) for key, item in value.items()}
    if isinstance(value, list):
        return [map_leaves(item, function) for item in value]
    return function(value)


def parts_to_json(parts):
    return map_leaves(parts, lambda leaf: to_hex(leaf) if isinstance(leaf, bytes) else leaf)


def parts_from_json(parts):
    return map_leaves(parts, lambda leaf: from_hex(leaf) if isinstance(leaf, str) and leaf.startswith("0x") else leaf)


def dummy_challenge(statement):
    """The challenge if the prover's first message were hashed bytes."""

    def dummies(label, count, size):
        return [expand("veilmart/vectors/dummy/1", label.encode(), le32(i), size=size) for i in range(count)]

    k, m = len(statement.values), len(statement.equations)
    a = dummies("A", 1 if statement.call == "refresh" else m, statement.key.bits // 4)
    return first_challenge(statement.transcript(), dummies("V", k, 32), a, dummies("T", k, 32))


def proof_vector(key, parts, values, nonces):
    """Of a `refresh` there is a root in place of nonces."""
    statement = Statement(key, parts)
    if parts["call"] == "refresh":
        proof = prove_refresh(statement, nonces, Stream(f"proof {key.set} refresh {parts['seq']}"))
        witness = {"root": to_hex(nonces.to_bytes(key.bits // 8, "big"))}
    else:
        proof = prove(statement, values, nonces, Stream(f"proof {key.set} {parts['call']}"))
        witness = {"values": values, "nonces": [to_hex(key.encode_nonce(nonce)) for nonce in nonces]}
    return {
        "set": key.set,
        "statement": parts_to_json(parts),
        "scale-hash": to_hex(hash32("veilmart/vectors/1", statement.scale())),
        "dummy-challenge": to_hex(dummy_challenge(statement)),
        "witness": witness,
        "proof": to_hex(proof),
    }


def make_hashes():
    cases = [("", []), ("a", [b""]), ("a", [b"", b""]), ("veilmart/test/1", [b"one", bytes(range(256)), b"\0" * 300])]
    out = []
    for domain, parts in cases:
        hexed = [to_hex(part) for part in parts]
        common = {"domain": domain, "parts": hexed}
        out.append({"function": "hash", **common, "output": to_hex(hash32(domain, *parts))})
        for size in 1, 64, 200:
            out.append({"function": "expand", **common, "output": to_hex(expand(domain, *parts, size=size))})
            secret = hash32("veilmart/vectors/1", b"key")
            output = to_hex(prf(secret, domain, *parts, size=size))
            out.append({"function": "prf", "key": to_hex(secret), **common, "output": output})
    return out


def make_keys(keys):
    return [
        {"set": k.set, "modulus": to_hex(k.n_bytes), "h": to_hex(k.h.to_bytes(k.bits // 8, "big")),
         "h_s": to_hex(k.encode(k.h_s))}
        for k in keys
    ]  # fmt: skip


def make_signed_nonces(keys):
    out = []
    for key in keys:
        limit = key.nonce_limit
        nonces = [-Stream("nonce").number(8 * key.fresh_bytes), limit - 1, -limit]
        for nonce in nonces + ([0, 1, -1, 2**64, -(2**64)] if key.bits == 2048 else []):
            magnitude = abs(nonce).to_bytes(key.signed_bytes, "little")
            out.append({"set": key.set, "negative": nonce < 0, "magnitude": to_hex(magnitude),
                        "encoded": to_hex(key.encode_nonce(nonce))})  # fmt: skip
        for nonce in limit, -limit - 1:
            encoded = nonce.to_bytes(key.signed_bytes, "little", signed=True)
            out.append({"set": key.set, "encoded": to_hex(encoded), "refused": True})
        out.append({"set": key.set, "encoded": to_hex(bytes(key.signed_bytes - 1)), "refused": True})
    return out


def make_ciphertexts(keys):
    out = []
    for key in keys:
        random = Stream(f"ciphertexts {key.set}")
        fresh = [random.number(8 * key.fresh_bytes) for _ in range(3)]
        cases = [(7, fresh[0]), (12345678901, -fresh[1]), (2**63, -key.nonce_limit), (0, 0), (1, 0), (0, -1),
                 (2**64 - 1, 1), (5, key.nonce_limit - 1), (9, fresh[2] - fresh[1] * 10)]  # fmt: skip
        for value, nonce in cases if key.bits == 2048 else cases[:3]:
            out.append({"set": key.set, "value": value, "nonce": to_hex(key.encode_nonce(nonce)),
                        "ciphertext": to_hex(key.encode(key.encrypt(value, nonce)))})  # fmt: skip
    return out


def make_refused_ciphertexts(keys):
    out = []
    for key in keys[:1]:
        size = key.bits // 4
        _, p, _ = test_key(key.bits)
        numbers = {"zero": 0, "N²": key.n2, "largest": 2 ** (8 * size) - 1, "N": key.n, "multiple of p": 3 * p}
        for why, number in numbers.items():
            out.append({"set": key.set, "why": why, "ciphertext": to_hex(number.to_bytes(size, "big"))})
        out.append({"set": key.set, "why": "short", "ciphertext": to_hex(b"\1" * (size - 1))})
        out.append({"set": key.set, "why": "long", "ciphertext": to_hex(b"\0" + b"\1" * size)})
    return out


def make_transcripts():
    """Merlin by itself, with messages around the rate of 166 bytes."""
    out = []
    for label, sizes in ("veilmart/confidential", [0, 1, 16, 32]), ("", [140, 150, 165, 166, 167, 332, 500]):
        transcript, operations = Transcript(label), []
        for size in sizes:
            data = expand("veilmart/vectors/1", b"message", le32(size), size=size)
            transcript.append("message", data)
            transcript.append64("number", size)
            operations += [{"append": "message", "data": to_hex(data)}, {"append64": "number", "number": size}]
            challenge = transcript.challenge("challenge", size + 16)
            operations.append({"challenge": "challenge", "output": to_hex(challenge)})
        out.append({"label": label, "operations": operations})
    return out


def make_accounts():
    out = []
    for entropy in ENTROPIES.values():
        wallet = Wallet(entropy)
        views = [(index, wallet.view_secret(index)) for index in (0, 1, 2**32 - 1)]
        out.append({
            "entropy": to_hex(entropy), "seed": to_hex(wallet.seed), "account": to_hex(wallet.account),
            "prf-secret": to_hex(wallet.secret),
            "view": [{"index": i, "secret": to_hex(s), "public": to_hex(x25519(s))} for i, s in views],
        })  # fmt: skip
    return out


def make_refused_letters(key):
    """Changes after which the letters of that name are none any more: these bytes from that place on."""
    _, p, _ = test_key(key.bits)
    root = 67 + key.bits // 4

    def number(value):
        return value.to_bytes(key.bits // 8, "big")

    cases = [
        ("balance", "version 0", 0, b"\0"), ("balance", "version 2", 0, b"\2"), ("balance", "target 3", 1, b"\3"),
        ("balance", "an account", 2, b"\1"), ("balance", "a sequence number", 41, b"\1"),
        ("balance", "a kind", 42, b"\1"), ("balance", "a price", 58, b"\x80"), ("balance", "an item", 59, b"\1"),
        ("credit", "kind 8", 42, b"\x08"), ("credit", "a price", 51, b"\1"), ("credit", "an item", 66, b"\x80"),
        ("stock", "a kind", 42, b"\1"),
        ("stock", "root 0", root, number(0)), ("stock", "root N", root, number(key.n)),
        ("stock", "a root above N", root, b"\xff"), ("stock", "a root with a factor of N", root, number(3 * p)),
    ]  # fmt: skip
    return [
        {"set": key.set, "letter": letter, "why": why, "offset": offset, "bytes": to_hex(data)}
        for letter, why, offset, data in cases
    ]


def make():
    """All vectors that are made here, by group."""
    small, large = keys = [test_key(bits)[0] for bits in (2048, 3072)]
    market, other = Market(small), Market(large)
    order = [entry for entry in other.statements if entry[0]["call"] in ("order", "refresh")]
    proofs = [(small, *entry) for entry in market.statements] + [(large, *entry) for entry in order]
    order_nonces = [entry for entry in other.nonces if entry["role"] == "total"]
    order_notes = [entry for entry in other.notes if entry["name"] == "order: own"]
    balance_letters = [entry for entry in other.letters if entry["name"] == "balance"]
    groups = {
        "hashes": make_hashes(),
        "keys": make_keys(keys),
        "signed-nonces": make_signed_nonces(keys),
        "ciphertexts": make_ciphertexts(keys),
        "refused-ciphertexts": make_refused_ciphertexts(keys),
        "accounts": make_accounts(),
        "salts": market.salts,
        "seeds": market.seeds,
        "nonces": market.nonces + order_nonces,
        "notes": market.notes + order_notes,
        "letters": market.letters + balance_letters,
        "refused-letters": make_refused_letters(small),
        "transcripts": make_transcripts(),
        "proofs": [proof_vector(*proof) for proof in proofs],
    }
    return {group: [{"from": "python", **entry} for entry in entries] for group, entries in groups.items()}


# --- Checking them --------------------------------------------------------------------------------------------------


def difference(wanted, found, path):
    """Where two JSON values differ, or None."""
    if type(wanted) is not type(found):
        return f"{path}: of another type"
    if isinstance(wanted, dict):
        if wanted.keys() != found.keys():
            return f"{path}: other members: {sorted(wanted.keys() ^ found.keys())}"
        pairs = ((wanted[key], found[key], f"{path}.{key}") for key in wanted)
    elif isinstance(wanted, list):
        if len(wanted) != len(found):
            return f"{path}: {len(wanted)} expected, {len(found)} found"
        pairs = ((a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(wanted, found)))
    else:
        return None if wanted == found else f"{path}: {str(wanted)[:66]} expected, {str(found)[:66]} found"
    return next(filter(None, (difference(*pair) for pair in pairs)), None)


def key_of(name):
    return test_key(int(name.rpartition("-")[2]))[0]


def check_proof(vector):
    """A proof, its witness and the SCALE form of its statement."""
    key = key_of(vector["set"])
    statement = Statement(key, parts_from_json(vector["statement"]))
    scale = to_hex(hash32("veilmart/vectors/1", statement.scale()))
    require(vector["scale-hash"] == scale, "the statement's SCALE form differs")
    if statement.call == "refresh":
        root = big(from_hex(vector["witness"]["root"]))
        require(key.encode(pow(root, key.n, key.n2)) == dict(statement.ciphertexts)["residue"], "not the residue's root")
        verify(statement, from_hex(vector["proof"]))
        return statement
    values = vector["witness"]["values"]
    nonces = [key.decode_nonce(from_hex(nonce)) for nonce in vector["witness"]["nonces"]]
    ciphertexts = {role: key.decode(data) for role, data in statement.ciphertexts}
    for (target, bases), nonce in zip(statement.equations, nonces):
        product = key.mask(nonce)
        for base, value in zip(bases, values):
            if base is not None:
                product = product * pow(1 + key.n if base == "N" else ciphertexts[base], value, key.n2) % key.n2
        require(product == ciphertexts[target], f"the witness does not open {target}")
    verify(statement, from_hex(vector["proof"]))
    return statement


def must_refuse(what, function, *arguments):
    try:
        function(*arguments)
    except Refused:
        return
    raise Refused(f"accepted although {what}")


def flip(data, position):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


# The proofs of which every part is changed; of the others only some.
THOROUGH = [("rust", "issue", "paillier-2048"), ("rust", "refresh", "paillier-2048")]


def check_refusals(vector, thorough):
    """Small changes to an accepted proof or to its statement are refused. How many."""
    key = key_of(vector["set"])
    parts, proof = parts_from_json(vector["statement"]), from_hex(vector["proof"])
    statement = Statement(key, parts)
    sections, size = proof_sections(statement)
    count = 0

    def proof_refused(what, changed):
        nonlocal count
        must_refuse(what, verify, statement, changed)
        count += 1

    for name, (offset, length) in sections.items():
        if thorough or name in ("V0", "e", "y", "t0", "bulletproof t_x"):
            proof_refused(f"byte {offset} ({name}) of the proof is flipped", flip(proof, offset))
        if thorough:
            last = offset + length - 1
            proof_refused(f"byte {last} ({name}) of the proof is flipped", flip(proof, last))
    proof_refused("the proof is too short", proof[:-1])
    proof_refused("the proof is too long", proof + b"\0")

    def statement_refused(what, **changes):
        nonlocal count
        must_refuse(f"{what} is another", verify, Statement(key, {**parts, **changes}), proof)
        count += 1

    statement_refused("seq", seq=parts["seq"] ^ 1)
    if parts["call"] in ("transfer", "redeem"):
        statement_refused("the call", call={"transfer": "redeem", "redeem": "transfer"}[parts["call"]])
    if not thorough:
        return count
    for name in "genesis", "account", "salt":
        statement_refused(name, **{name: flip(parts[name], 7)})
    for name, value in parts["bindings"].items():
        if name == "target":
            # With another, there would be other bindings: no statement.
            continue
        changed = flip(value, 0) if isinstance(value, bytes) else value ^ 1
        statement_refused(name, bindings={**parts["bindings"], name: changed})
    for name, value in parts["notes"].items():
        statement_refused(f"the note {name}", notes={**parts["notes"], name: flip(value, 31)})
    for role, ciphertext in parts["ciphertexts"].items():
        # Still a ciphertext, even of the same value.
        changed = key.encode(key.decode(ciphertext) * key.h_s % key.n2)
        statement_refused(f"the ciphertext {role}", ciphertexts={**parts["ciphertexts"], role: changed})
    return count


def check_letter(vector):
    """A letter from its file to its ciphertext. How many changed ones are refused on the way."""
    key, secret = key_of(vector["set"]), from_hex(vector["view-secret"])
    sealed = from_hex(vector["file"]["sealed"])
    require(len(sealed) == {2048: 883, 3072: 1267}[key.bits], "a sealed letter has another length")
    plaintext = unseal(sealed, secret)
    require(to_hex(plaintext) == vector["plaintext"], "a sealed letter opens to something else")
    letter = open_letter(key, plaintext)
    for name, value in letter.items():
        if name == "root":
            value = value.to_bytes(key.bits // 8, "big")
        wanted = to_hex(value) if isinstance(value, bytes) else value
        require(vector[name] == wanted, f"the letter's {name} is another")
    require(encode_letter(key, letter) == plaintext, "the letter has a second encoding")
    verify_letter(key, letter)
    for change in {"value": letter["value"] ^ 1}, {"root": letter["root"] * 2 % key.n}:
        must_refuse("the letter lies", verify_letter, key, {**letter, **change})
    must_refuse("the sealed letter is flipped", unseal, flip(sealed, 300), secret)
    for changed in plaintext[:-1], plaintext + b"\0", plaintext[1:]:
        must_refuse("the letter has another length", open_letter, key, changed)
    return 6


def check(vectors):
    """Checks every vector; a line for each group."""
    require(vectors.get("format") == 1, "not a file of vectors in this format")
    start = time.monotonic()

    def done(group, text):
        print(f"{group}: {text} ({time.monotonic() - start:.1f} s)", flush=True)

    for bits in 2048, 3072:
        key, _, _ = test_key(bits)
        proof = (TEST_KEYS / f"{bits}.proof").read_bytes()
        verify_modulus_proof(key, proof)
        round_size = key.bits // 4 + 1
        for position in 3, key.bits // 8, key.bits // 8 + 77 * round_size + 5, len(proof) - 300, len(proof) - 1:
            hit = [] if position < key.bits // 8 else [(position - key.bits // 8) // round_size]
            arguments = key, flip(proof, position), hit or [0]
            must_refuse(f"byte {position} of the modulus proof is flipped", verify_modulus_proof, *arguments)
        must_refuse("the modulus proof is short", verify_modulus_proof, key, proof[:-1])
    done("modulus proofs", "2 from rust, 12 changed ones refused")

    made = make()
    done("made again", f"{sum(map(len, made.values()))} vectors")
    found = vectors["vectors"]
    require(set(found) == set(made), f"other groups: {sorted(set(found) ^ set(made))}")
    for group, wanted in made.items():
        origins = {origin: [e for e in found[group] if e["from"] == origin] for origin in ("python", "rust")}
        require(sum(map(len, origins.values())) == len(found[group]), f"{group}: neither from python nor from rust")
        problem = difference(wanted, origins["python"], group)
        require(problem is None, f"differs from what is made here: {problem}")
        if group != "proofs":
            require(not origins["rust"], f"{group}: nothing here checks vectors from rust")
            done(group, f"{len(wanted)} from python")
    for entry in found["refused-ciphertexts"]:
        must_refuse(entry["why"], key_of(entry["set"]).decode, from_hex(entry["ciphertext"]))
    for entry in found["signed-nonces"]:
        if "refused" in entry:
            must_refuse("out of range", key_of(entry["set"]).decode_nonce, from_hex(entry["encoded"]))
    for entry in found["notes"]:
        sealed, secret = from_hex(entry["sealed"]), from_hex(entry["view-secret"])
        plaintext = unseal(sealed, secret)
        require(to_hex(plaintext) == entry["plaintext"] and len(sealed) == 368, "a sealed note opens to something else")
        open_note(key_of(entry["set"]), plaintext)
        must_refuse("the note has a last byte", open_note, key_of(entry["set"]), flip(plaintext, 319))
        must_refuse("the sealed note is flipped", unseal, flip(sealed, 200), secret)
    refused = sum(map(check_letter, found["letters"]))
    for entry in found["refused-letters"]:
        key, offset, data = key_of(entry["set"]), entry["offset"], from_hex(entry["bytes"])
        [plaintext] = (
            from_hex(letter["plaintext"])
            for letter in found["letters"]
            if (letter["name"], letter["set"]) == (entry["letter"], entry["set"])
        )
        open_letter(key, plaintext)
        changed = plaintext[:offset] + data + plaintext[offset + len(data) :]
        must_refuse(f"a letter about a {entry['letter']} has {entry['why']}", open_letter, key, changed)
    done("letters", f"{len(found['letters'])} opened, {refused + len(found['refused-letters'])} changed ones refused")
    for origin in "python", "rust":
        proofs = [entry for entry in found["proofs"] if entry["from"] == origin]
        refused = 0
        for entry in proofs:
            call = entry["statement"]["call"]
            try:
                check_proof(entry)
                refused += check_refusals(entry, thorough=(origin, call, entry["set"]) in THOROUGH)
            except Refused as error:
                raise Refused(f"{call} ({entry['set']}, from {origin}): {error}") from None
        missing = set(CALLS) - {entry["statement"]["call"] for entry in proofs}
        require(not missing, f"no proof from {origin} of {sorted(missing)}")
        done("proofs", f"{len(proofs)} from {origin} verified, {refused} changed ones refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="make | check")
    making = commands.add_parser("make", help="print the vectors made here")
    making.add_argument("--rust", metavar="FILE", help="and what the example `make_vectors` printed into this file")
    checking = commands.add_parser("check", help="check every vector of a file")
    checking.add_argument("file", nargs="?", default=ROOT / "docs" / "vectors.json", help="docs/vectors.json unless told")
    arguments = parser.parse_args()
    if arguments.command == "make":
        vectors = make()
        if arguments.rust:
            for group, entries in json.loads(Path(arguments.rust).read_text()).items():
                vectors[group] += [{"from": "rust", **entry} for entry in entries]
        about = "Test vectors for docs/formats.md. See scripts/vectors.py for how they are made and checked."
        json.dump({"format": 1, "about": about, "vectors": vectors}, sys.stdout, indent=0)
        print()
        return 0
    try:
        check(json.loads(Path(arguments.file).read_text()))
    except (Refused, KeyError, TypeError, ValueError, OSError) as error:
        print(f"vectors.py: {arguments.file}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
