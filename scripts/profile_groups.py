#!/usr/bin/env python3
"""What `perf report` says of a node's processor time, by groups; for scripts/profile.

Reads from the standard input the lines of

    perf report --stdio --no-children --call-graph none --percent-limit 0 --fields overhead,dso,sym --field-separator '\t'

A line counts for the function in which the processor was found, not for those that called it: callers of optimised code
are guesses. So what several things share is a group of its own.
"""

import re
import sys
from collections import defaultdict

REST = "rest"

# (group, where), in this order: the first that fits counts. A function is known by its path without type parameters, beginning
# with its crate; `dso:` compares the file or memory that the code is in.
GROUPS = [
    ("kernel", r"kernel:"),
    # The compiled runtime has no symbols; it lies in memory that is no file's.
    ("wasm runtime", r"dso:(//anon|\[JIT\]|\[unknown\]|\[anon\]|anon_inode|/?memfd:|jitted-)"),
    ("wasm runtime", r"(wasmtime|wasmtime_\w+|cranelift_\w+|regalloc2|wasmparser|sc_executor\w*|sp_wasm_interface|sp_allocator)::"),
    ("Paillier proofs", r"(veilmart_paillier|veilmart_confidential|veilmart_verification_host|crypto_bigint|num_bigint\w*)::"),
    ("Bulletproofs", r"bulletproofs::"),
    ("Bulletproofs", r"curve25519_dalek::.*(straus|pippenger|multiscalar)"),
    ("signatures", r"(schnorrkel|ed25519\w*|k256|ecdsa|secp256k1\w*|libsecp256k1\w*)::"),
    ("signatures", r"curve25519_dalek::.*(vartime_double_base|variable_base|decompress)"),
    ("signatures", r"(rust)?secp256k1"),
    ("signatures", r"sp_core::(sr25519|ed25519|ecdsa)::"),
    ("curve of signatures and Bulletproofs", r"(curve25519_dalek|fiat_crypto)::"),
    ("hashing", r"(blake2\w*|blake3|keccak|sha2|sha3|twox_hash|merlin|strobe_rs|sp_crypto_hashing|tiny_keccak|siphasher)::"),
    ("hashing", r"(XXH|blake2|keccak|sha256|sha512)"),
    ("trie and database", r"(trie_db|trie_root|sp_trie|memory_db|hash_db|sp_state_machine|sc_client_db|sc_client_api|sc_state_db)::"),
    ("trie and database", r"(parity_db|kvdb\w*|sp_database|schnellru|lz4\w*|snap|zstd\w*)::"),
    ("trie and database", r"(LZ4_|ZSTD_|HUF_|FSE_|HIST_)"),
    ("allocating and copying", r"_?(mi_|malloc|calloc|realloc|free\b|cfree|_int_free|_int_malloc|posix_memalign|__rust_|__rdl_|__rg_)"),
    ("allocating and copying", r"(__)?(mem(cpy|move|set|cmp)|bcmp)"),
    ("allocating and copying", r"(alloc::alloc|alloc::raw_vec|mimalloc|libmimalloc_sys|linked_list_allocator)(::|$)"),
    ("networking", r"(litep2p|sc_network\w*|libp2p\w*|yamux|snow|multistream_select|unsigned_varint|str0m\w*)::"),
    ("networking", r"(jsonrpsee\w*|sc_rpc\w*|soketto|tungstenite|tokio_tungstenite|hyper\w*|h2|http\w*|rustls\w*|ring|mio|socket2)::"),
    ("networking", r"(chacha20\w*|poly1305|aes\w*|x25519_dalek|tokio::net|tokio::runtime::io)(::|$)"),
    ("networking", r"(ring_core_|chacha20_poly1305|ChaCha20|poly1305|aesni_|aes_|gcm_)"),
]

COMPILED = [(group, re.compile(pattern)) for group, pattern in GROUPS]


def path_of(symbol):
    """The function's path as it is written in source, without type parameters: `<A as B>::f` counts as a function of A."""
    text = re.sub(r"::h[0-9a-f]{16}$", "", symbol.strip())
    while text.startswith("<"):
        depth = 0
        for place, letter in enumerate(text):
            # An arrow is no bracket.
            depth += (letter == "<") - (letter == ">" and text[place - 1] != "-")
            if not depth:
                break
        inner, rest = text[1:place], text[place + 1 :]
        depth = 0
        for at, letter in enumerate(inner):
            depth += (letter == "<") - (letter == ">" and inner[at - 1] != "-")
            if not depth and inner.startswith(" as ", at):
                inner = inner[:at]
                break
        text = re.sub(r"^(&|mut |dyn |\*const |\*mut |\()+", "", inner) + rest
    previous = None
    while previous != text:
        previous, text = text, re.sub(r"(::)?<[^<>]*>", "", text)
    return text


def group_of(dso, symbol):
    """The group of a function. `symbol` begins with perf's mark for kernel or user."""
    mark, _, name = symbol.strip().partition(" ")
    name = name.strip()
    dso = dso.strip()
    if mark == "[k]" or dso.startswith(("[kernel", "[guest.kernel")):
        spellings = ["kernel:"]
    else:
        spellings = ["dso:" + dso, path_of(name)]
    for group, pattern in COMPILED:
        if any(pattern.match(spelling) for spelling in spellings):
            return group
    return REST


def read(lines):
    """(share in percent, dso, symbol) of each line that has one."""
    for line in lines:
        fields = line.rstrip("\n").split("\t")
        share = re.fullmatch(r"\s*([0-9.]+)%\s*", fields[0])
        if share and len(fields) >= 3:
            yield float(share[1]), fields[1].strip(), fields[2].strip()


def table(lines, most=3, most_of_rest=12):
    """The groups with their shares, largest first, each with its largest functions."""
    groups = defaultdict(lambda: defaultdict(float))
    for share, dso, symbol in read(lines):
        group = group_of(dso, symbol)
        name = path_of(symbol.partition(" ")[2])
        # An address without a name.
        if re.fullmatch(r"0x[0-9a-f]+|\[unknown\]|", name):
            name = f"(no symbol, {dso})"
        groups[group][name] += share
    ordered = sorted(groups.items(), key=lambda entry: (entry[0] == REST, -sum(entry[1].values())))
    out = []
    for group, functions in ordered:
        out.append(f"{sum(functions.values()):6.1f} %  {group}")
        largest = sorted(functions.items(), key=lambda entry: -entry[1])
        for name, share in largest[: most_of_rest if group == REST else most]:
            out.append(f"                {share:5.1f} %  {name[:100]}")
    return out


def main():
    lines = table(sys.stdin)
    if not lines:
        print("error: perf recorded nothing", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
