"""The primitives of scripts/vectors.py against published test vectors, and what its check refuses."""

import hashlib
import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import vectors  # noqa: E402

PHRASE_ENTROPY = bytes.fromhex("1a486a5fbe53639984cb64b070755f7b")


class Published(unittest.TestCase):
    def test_merlin(self):
        transcript = vectors.Transcript("test protocol")
        transcript.append("some label", b"some data")
        challenge = transcript.challenge("challenge", 32)
        self.assertEqual(challenge.hex(), "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615")

    def test_keccak_is_that_of_sha3(self):
        # One block of SHA3-256 padding around nothing.
        block = bytearray(200)
        block[0], block[135] = 0x06, 0x80
        self.assertEqual(vectors.keccak_f(block)[:32], hashlib.sha3_256(b"").digest())

    def test_ristretto_multiples_of_the_base(self):
        self.assertEqual(vectors.point_encode(vectors.IDENTITY), bytes(32))
        twice = "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919"
        self.assertEqual(vectors.point_encode(vectors.multiply([2], [vectors.BASE])).hex(), twice)
        self.assertEqual(vectors.point_encode(vectors.multiply([vectors.ORDER], [vectors.BASE])), bytes(32))

    def test_ristretto_encodings_that_are_none(self):
        for text in (
            "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",  # not below p
            "0100000000000000000000000000000000000000000000000000000000000000",  # negative
            "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",  # not on the curve
        ):
            with self.assertRaises(vectors.Refused, msg=text):
                vectors.point_decode(bytes.fromhex(text))

    def test_sums_of_multiples(self):
        scalars = [3, vectors.ORDER - 1, 2**200 + 17, 0, 12345, 2**64, 7, 1, 2**252]
        points = [vectors.multiply([i + 2], [vectors.BASE]) for i in range(len(scalars))]
        total = sum(scalar * (i + 2) for i, scalar in enumerate(scalars))
        expected = vectors.multiply([total], [vectors.BASE])
        self.assertTrue(vectors.point_equal(vectors.multiply(scalars, points), expected))

    def test_x25519(self):
        nine = (9).to_bytes(32, "little")
        expected = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
        self.assertEqual(vectors.x25519(nine, nine).hex(), expected)

    def test_sealed_box(self):
        secret = bytes.fromhex("15b36cb00213373fb3fb03958fb0cc0012ecaca112fd249d3cf0961e311caac9")
        sealed = bytes.fromhex(
            "95eb5bf05ada25ee51f4158201c261a00bfb1955a9176c8c7f1a62f299a32e54f6ebccc8ab9d2ce1b1d3710ba37d8db17aeeec0b78fc3d32"
            "b39b79ed96f18948c5a574b8e3f8eccc2f132408c21646f3aedae4a67fde4f77153b5458b8a6bd712dd8365534c567ec"
        )
        text = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit."
        self.assertEqual(vectors.unseal(sealed, secret), text)
        again = vectors.seal(text, vectors.x25519(secret), bytes(range(32)))
        self.assertEqual(vectors.unseal(again, secret), text)
        with self.assertRaises(vectors.Refused):
            vectors.unseal(vectors.flip(sealed, 50), secret)

    def test_development_account(self):
        seed = vectors.mini_secret(PHRASE_ENTROPY)
        self.assertEqual(seed.hex(), "fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e")
        account = "46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a"
        self.assertEqual(vectors.account_key(seed).hex(), account)


    def test_address(self):
        account = bytes.fromhex("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
        self.assertEqual(vectors.address(account), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")


class RangeProofs(unittest.TestCase):
    def test_values_out_of_range_have_no_proof(self):
        for values in [0, 2**64 - 1], [2**64, 5], [-1, 5]:
            random = vectors.Stream("test")
            blindings = [random.scalar() for _ in values]
            proof = vectors.prove_range(vectors.Transcript("test"), values, blindings, random)
            commitments = [vectors.point_encode(vectors.commit(v, b)) for v, b in zip(values, blindings)]
            arguments = vectors.Transcript("test"), commitments, proof
            if all(0 <= value < 2**64 for value in values):
                vectors.verify_range_proof(*arguments)
            else:
                with self.assertRaises(vectors.Refused):
                    vectors.verify_range_proof(*arguments)


class File(unittest.TestCase):
    def setUp(self):
        self.file = json.loads((vectors.ROOT / "docs" / "vectors.json").read_text())

    def test_difference_names_the_place(self):
        proofs = self.file["vectors"]["proofs"]
        changed = json.loads(json.dumps(proofs))
        self.assertIsNone(vectors.difference(proofs, changed, "proofs"))
        changed[3]["witness"]["values"][0] += 1
        self.assertIn("proofs[3].witness.values[0]", vectors.difference(proofs, changed, "proofs"))

    def test_a_proof_is_of_its_statement_only(self):
        entry = next(e for e in self.file["vectors"]["proofs"] if e["from"] == "rust" and e["statement"]["call"] == "dispute")
        vectors.check_proof(entry)
        key = vectors.key_of(entry["set"])
        parts = vectors.parts_from_json(entry["statement"])
        parts["bindings"]["order-seq"] ^= 1
        with self.assertRaises(vectors.Refused):
            vectors.verify(vectors.Statement(key, parts), vectors.from_hex(entry["proof"]))

    def test_a_letter_is_opened_by_its_owner_and_believed_if_true(self):
        entry = next(e for e in self.file["vectors"]["letters"] if e["name"] == "stock")
        self.assertEqual(vectors.check_letter(entry), 6)
        for name, value in ("value", entry["value"] + 1), ("price", 1), ("root", entry["plaintext"][-64:]):
            with self.assertRaises(vectors.Refused, msg=name):
                vectors.check_letter({**entry, name: value})
        other = vectors.Wallet(PHRASE_ENTROPY).view_secret(entry["view-index"])
        with self.assertRaises(vectors.Refused):
            vectors.unseal(vectors.from_hex(entry["file"]["sealed"]), other)

    def test_the_wallet_reads_the_same_vectors(self):
        """Its tests take a selection, which nobody may forget when the file is renewed."""
        selection = (vectors.ROOT / "wallet" / "src" / "tests" / "vectors.txt").read_text()
        known = set(re.findall("[0-9a-f]{32,}", json.dumps(self.file)))
        self.assertEqual([word for word in re.findall(r"\b[0-9a-f]{32,}\b", selection) if word not in known], [])


if __name__ == "__main__":
    unittest.main()
