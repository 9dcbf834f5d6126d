"""The licence check: how it reads expressions, what it lets into which crate."""

import unittest

from test_run_docs import load

licences = load("licences")


def metadata(*packages):
    """(name, licence, dependencies) each; a dependency may carry its kind: "build:name". Names in `veilmart-` are ours."""
    nodes = []
    for name, _, dependencies in packages:
        deps = []
        for dependency in dependencies:
            kind, _, target = dependency.rpartition(":")
            deps.append({"pkg": target, "dep_kinds": [{"kind": kind or None}]})
        nodes.append({"id": name, "deps": deps})
    return {
        "packages": [
            {"id": n, "name": n, "version": "1.0.0", "license": l, "targets": [{"kind": ["lib"]}]} for n, l, _ in packages
        ],
        "resolve": {"nodes": nodes},
        "workspace_members": [name for name, _, _ in packages if name.startswith("veilmart-")],
    }


class Expressions(unittest.TestCase):
    def test_choices_and_combinations(self):
        for expression, answer in [
            ("MIT", True),
            ("GPL-2.0-only", False),
            ("GPL-2.0-only OR MIT", True),
            ("Apache-2.0/GPL-3.0", True),
            ("MIT / Apache-2.0", True),
            ("MIT AND GPL-2.0-only", False),
            ("MIT OR GPL-2.0-only AND GPL-3.0", True),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", True),
            ("(MIT OR Apache-2.0) AND GPL-3.0", False),
            ("Apache-2.0 WITH LLVM-exception", True),
            ("Apache-2.0 WITH Some-exception", False),
            ("GPL-3.0 WITH Classpath-exception-2.0", False),
        ]:
            with self.subTest(expression):
                self.assertIs(licences.allowed(expression, licences.ALLOWED), answer)

    def test_what_cannot_be_read_is_an_error(self):
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "AND MIT"]:
            with self.subTest(expression), self.assertRaises(ValueError):
                licences.allowed(expression, licences.ALLOWED)


class Crates(unittest.TestCase):
    def test_an_unknown_licence_or_none_is_named(self):
        complaints, _ = licences.inspect(metadata(("a", "AGPL-3.0", []), ("b", None, []), ("c", "MIT", [])))
        self.assertEqual(len(complaints), 2)
        self.assertIn("a 1.0.0: AGPL-3.0 is not allowed", complaints[0])
        self.assertIn("b 1.0.0: states no licence", complaints[1])

    def test_the_node_may_link_client_crates_and_they_are_listed(self):
        complaints, linking = licences.inspect(
            metadata(("veilmart-node", "Apache-2.0", ["sc-cli"]), ("sc-cli", licences.COPYLEFT, []))
        )
        self.assertEqual((complaints, linking), ([], {"veilmart-node": ["sc-cli"]}))
        self.assertIn("- `sc-cli`", licences.section(linking))

    def test_the_wallet_may_not_but_a_build_script_is_no_link(self):
        direct = metadata(("veilmart-wallet", "MIT", ["x"]), ("x", "MIT", ["sc-cli"]), ("sc-cli", licences.COPYLEFT, []))
        self.assertIn("veilmart-wallet: must not link GPL crates", licences.inspect(direct)[0][0])
        build = metadata(("veilmart-wallet", "MIT", ["build:sc-cli"]), ("sc-cli", licences.COPYLEFT, []))
        self.assertEqual(licences.inspect(build), ([], {}))

    def test_other_crates_get_no_exception(self):
        complaints, _ = licences.inspect(metadata(("other", licences.COPYLEFT, [])))
        self.assertEqual(len(complaints), 1)


if __name__ == "__main__":
    unittest.main()
