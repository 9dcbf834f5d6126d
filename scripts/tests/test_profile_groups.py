"""The profile's groups: how a function's path is read, in which group it counts, what is printed."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import profile_groups  # noqa: E402


class Paths(unittest.TestCase):
    def test_type_parameters_are_left_out(self):
        for symbol, path in [
            ("veilmart_paillier::montgomery::Modulus::new", "veilmart_paillier::montgomery::Modulus::new"),
            ("alloc::sync::Arc<T,A>::drop_slow::h0123456789abcdef", "alloc::sync::Arc::drop_slow"),
            ("<trie_db::TrieDBMut<sp_core::Blake2Hasher> as trie_db::TrieMut<L>>::insert", "trie_db::TrieDBMut::insert"),
            ("<&mut snow::Session as core::fmt::Debug>::fmt", "snow::Session::fmt"),
            ("<<a::B as c::D>::E as f::G>::h", "a::B::E::h"),
            ("<fn(u8) -> a::B as c::D>::e", "fn(u8) -> a::B::e"),
            ("mi_free", "mi_free"),
        ]:
            with self.subTest(symbol):
                self.assertEqual(profile_groups.path_of(symbol), path)


class Groups(unittest.TestCase):
    def test_each_has_its_own(self):
        node = "veilmart-node"
        for dso, symbol, group in [
            ("[kernel.kallsyms]", "[k] __handle_mm_fault", "kernel"),
            ("[unknown]", "[k] 0xffffffff81000000", "kernel"),
            ("//anon", "[.] 0x00007f1234567890", "wasm runtime"),
            ("[JIT] tid 123", "[.] 0x00007f1234567890", "wasm runtime"),
            (node, "[.] wasmtime::runtime::instance::Instance::new", "wasm runtime"),
            (node, "[.] veilmart_paillier::ifma::Kernel::mul_vectors", "Paillier proofs"),
            (node, "[.] bulletproofs::range_proof::RangeProof::verify_multiple", "Bulletproofs"),
            (
                node,
                "[.] <curve25519_dalek::backend::serial::scalar_mul::straus::Straus as curve25519_dalek::traits::"
                "VartimeMultiscalarMul>::optional_multiscalar_mul",
                "Bulletproofs",
            ),
            (node, "[.] curve25519_dalek::backend::serial::scalar_mul::vartime_double_base::mul", "signatures"),
            (node, "[.] schnorrkel::sign::<impl schnorrkel::keys::PublicKey>::verify", "signatures"),
            (node, "[.] rustsecp256k1_v0_10_0_ecdsa_verify", "signatures"),
            (node, "[.] curve25519_dalek::backend::serial::u64::field::FieldElement51::pow2k", "curve of signatures and Bulletproofs"),
            (node, "[.] blake2b_simd::avx2::compress1_loop", "hashing"),
            # Its type parameter is no hash's time.
            (node, "[.] <trie_db::TrieDB<sp_core::Blake2Hasher> as trie_db::Trie<L>>::get", "trie and database"),
            (node, "[.] parity_db::column::HashColumn::get", "trie and database"),
            (node, "[.] mi_malloc_aligned", "allocating and copying"),
            ("libc.so.6", "[.] __memmove_avx_unaligned_erms", "allocating and copying"),
            ("libc.so.6", "[.] _int_free", "allocating and copying"),
            (node, "[.] litep2p::protocol::notification::connection::Connection::start", "networking"),
            (node, "[.] ring_core_0_17_14__aes_gcm_enc_update", "networking"),
            (node, "[.] sc_transaction_pool::graph::Pool::submit", "rest"),
            (node, "[.] futures_util::stream::freeze", "rest"),
        ]:
            with self.subTest(symbol):
                self.assertEqual(profile_groups.group_of(dso, symbol), group)


class Tables(unittest.TestCase):
    REPORT = [
        "# Overhead\tShared Object\tSymbol\n",
        "#\n",
        "\n",
        " 40.00%\tveilmart-node     \t[.] veilmart_paillier::montgomery::Modulus::new\n",
        " 25.50%\t[kernel.kallsyms]\t[k] clear_page\n",
        " 20.00%\tveilmart-node\t[.] sc_transaction_pool::Pool<A>::submit\n",
        "  5.00%\tveilmart-node\t[.] sc_transaction_pool::Pool<B>::submit\n",
        "  4.00%\t//anon\t[.] 0x00007f0000000001\n",
        "  2.50%\t//anon\t[.] 0x00007f0000000002\n",
        "  0.00%\n",
    ]

    def test_groups_are_summed_and_the_rest_comes_last(self):
        self.assertEqual(
            profile_groups.table(self.REPORT),
            [
                "  40.0 %  Paillier proofs",
                "                 40.0 %  veilmart_paillier::montgomery::Modulus::new",
                "  25.5 %  kernel",
                "                 25.5 %  clear_page",
                "   6.5 %  wasm runtime",
                "                  6.5 %  (no symbol, //anon)",
                "  25.0 %  rest",
                "                 25.0 %  sc_transaction_pool::Pool::submit",
            ],
        )

    def test_a_group_shows_its_largest_functions_only(self):
        lines = [f" {share}.00%\tnode\t[.] blake2::f{share}\n" for share in (1, 2, 3, 4)]
        self.assertEqual(len(profile_groups.table(lines)), 4)

    def test_nothing_recorded_is_no_table(self):
        self.assertEqual(profile_groups.table(["# Total Lost Samples: 0\n"]), [])


if __name__ == "__main__":
    unittest.main()
