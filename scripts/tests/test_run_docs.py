"""The documentation runner: what it reads in a document, how it compares, what it reports."""

import io
import sys
import tempfile
import textwrap
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


def load(name):
    """A script without an ending, as a module."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader(name.replace("-", "_"), str(SCRIPTS / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


run_docs = load("run-docs")


def blocks(text):
    return run_docs.parse(Path("page.md"), textwrap.dedent(text))


def console(body, info=""):
    return f"```console{info}\n{textwrap.dedent(body).strip()}\n```\n"


class Reading(unittest.TestCase):
    def test_commands_and_what_they_print(self):
        (block,) = blocks("# T\n\n" + console("$ one\nout\n\nmore\n$ two \\\n  and on\n$ three"))
        self.assertEqual(block.line, 3)
        self.assertEqual([c.text for c in block.commands], ["one", "two \\\n  and on", "three"])
        self.assertEqual(block.commands[0].expected, ["out", "", "more"])
        self.assertEqual([c.line for c in block.commands], [4, 8, 10])

    def test_only_console_blocks_count(self):
        text = "```rust\n$ no\n```\n```\n$ no\n```\n````md\n" + console("$ inside another") + "````\n"
        self.assertEqual(blocks(text), [])

    def test_a_block_within_a_list(self):
        (block,) = blocks("1. First\n\n   ```console\n   $ one\n   out\n     deeper\n   ```\n")
        self.assertEqual(block.commands[0].text, "one")
        self.assertEqual(block.commands[0].expected, ["out", "  deeper"])

    def test_options(self):
        (block,) = blocks(console("$ x", ' skip="needs two machines" timeout=5 long cwd=docs'))
        self.assertEqual((block.skip, block.timeout, block.long, block.cwd), ("needs two machines", 5.0, True, "docs"))

    def test_mistakes_are_named(self):
        for text, message in [
            (console("$ x", " skip"), "page.md:1: skip needs a reason"),
            (console("$ x", ' skip=""'), "skip needs a reason"),
            (console("$ x", ' skip="open'), "page.md:1: No closing quotation"),
            (console("$ x", " timeout=soon"), "timeout needs whole seconds"),
            (console("$ x", " often"), "unknown option 'often'"),
            (console("x"), "must be a command"),
            ("```console\n```\n", "no command"),
            (console("$ x \\"), "ends in a backslash"),
            ("```console\n$ x\n", "never closed"),
        ]:
            with self.subTest(message), self.assertRaisesRegex(run_docs.Malformed, message):
                blocks(text)


class Comparing(unittest.TestCase):
    def check(self, expected, printed, answer):
        self.assertIs(run_docs.matches(expected.split("\n"), printed.split("\n")), answer, (expected, printed))

    def test_white_space_colours_and_empty_lines_do_not_matter(self):
        self.check("a  b\n\nc", "  a b \n\x1b[32mc\x1b[0m\n", True)

    def test_everything_else_does(self):
        self.check("a", "a\nb", False)
        self.check("a\nb", "a", False)
        self.check("a.c", "abc", False)

    def test_wildcard_lines(self):
        self.check("a\n...\nz", "a\nz", True)
        self.check("a\n...\nz", "a\nb\nc\nz", True)
        self.check("...\nz", "b\nz\nz", True)
        self.check("a\n...", "b\na", False)

    def test_wildcards_within_a_line(self):
        self.check("block #... (0x...)", "block #17 (0xabcd)", True)
        self.check("took ... s", "took\n3 s", False)


class Running(unittest.TestCase):
    def run_text(self, text, long=False):
        lines = []
        counts = run_docs.run_file(blocks(text), long, SCRIPTS, lines.append)
        return counts, "\n".join(lines)

    def test_variables_and_directory_carry_over(self):
        counts, _ = self.run_text(
            console("$ x=7; cd tests") + console('$ echo "$x in ${PWD##*/}"\n7 in tests\n$ cat\n$ printf no-newline\nno-newline')
        )
        self.assertEqual(counts, {"ok": 2, "failed": 0, "skipped": 0})

    def test_a_failing_command_is_reported_with_its_place(self):
        counts, report = self.run_text("text\n" + console("$ true\n$ echo why >&2; false") + console("$ true"))
        self.assertEqual(counts, {"ok": 1, "failed": 1, "skipped": 0})
        self.assertRegex(report, r"FAILED page.md:2 line 4: [^\n]*false\n +exit status 1; printed:\n +why")

    def test_other_output_is_a_failure(self):
        counts, report = self.run_text(console("$ echo one\ntwo"))
        self.assertEqual(counts["failed"], 1)
        self.assertRegex(report, r"expected:\n +two\n +printed:\n +one")

    def test_a_command_that_hangs_ends_the_file(self):
        counts, report = self.run_text(console("$ echo begun; sleep 30", " timeout=1") + console("$ true"))
        self.assertEqual(counts, {"ok": 0, "failed": 2, "skipped": 0})
        self.assertRegex(report, r"not finished after 1 s; so far:\n +begun")
        self.assertIn("not run: the session ended above", report)

    def test_leaving_bash_is_a_failure(self):
        counts, report = self.run_text(console("$ exit 0"))
        self.assertEqual(counts["failed"], 1)
        self.assertIn("ended the session", report)

    def test_skipped_and_long_blocks(self):
        text = console("$ false", ' skip="two machines"') + console("$ true", " long")
        counts, report = self.run_text(text)
        self.assertEqual(counts, {"ok": 0, "failed": 0, "skipped": 2})
        self.assertIn("skipped page.md:1 (two machines)", report)
        self.assertEqual(self.run_text(text, long=True)[0], {"ok": 1, "failed": 0, "skipped": 1})

    def test_background_processes_end_with_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            pid = Path(directory, "pid")
            start = time.monotonic()
            counts, _ = self.run_text(console(f"$ sleep 30 & echo $! > {pid}"))
            self.assertEqual(counts["ok"], 1)
            self.assertLess(time.monotonic() - start, 10)
            state = Path("/proc", pid.read_text().strip(), "stat")
            self.assertTrue(not state.exists() or " Z " in state.read_text())

    def test_the_temporary_directory_is_removed(self):
        with tempfile.TemporaryDirectory() as directory:
            note = Path(directory, "note")
            self.run_text(console(f"$ d=$(mktemp -d)\n$ touch $d/x\n$ echo $d > {note}"))
            self.assertFalse(Path(note.read_text().strip()).exists())

    def test_the_program(self):
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory, "page.md")
            for text, status in [(console("$ true"), 0), (console("$ false"), 1), (console("no"), 2)]:
                page.write_text(text, encoding="utf-8")
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                    self.assertEqual(run_docs.main([str(page)]), status)
            with redirect_stderr(io.StringIO()) as errors:
                self.assertEqual(run_docs.main([str(Path(directory, "none.md"))]), 2)
            self.assertIn("none.md", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
