"""The commands answer at once, and those that the documents show work."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ("t5_mesh_transformer", "t5_mtf")
MAX_HELP_SECONDS = 1.0

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))

# What a line in a ```bash block may start with.
KNOWN_WORDS = {*COMMANDS, "make", "pip", "python", "python3.11", "git"}
KNOWN_WORDS |= {"cd", "export", "source"}

# Our commands become dry runs; nothing else is run.
PREAMBLE = "\n".join(
    [
        *(f"{word}() {{ :; }}" for word in sorted(KNOWN_WORDS - {"export"})),
        *(
            f'{name}() {{ "$PYTHON" -m t5_mtf.cli.{name} "$@" --dry_run; }}'
            for name in COMMANDS
        ),
    ]
)

WITHOUT_TENSORFLOW = """
import runpy, sys
module = sys.argv.pop(1)
try:
  runpy.run_module(module, run_name="__main__", alter_sys=True)
except SystemExit as end:
  assert not end.code, end.code
assert "tensorflow" not in sys.modules
"""


def _bash_blocks() -> list:
  """Each ```bash block of the documents, as a test parameter."""
  blocks = []
  for document in DOCUMENTS:
    if not document.is_file():
      continue
    text = document.read_text(encoding="utf-8")
    for match in re.finditer(r"^```bash\n(.*?)^```", text, re.M | re.S):
      line = text[: match.start()].count("\n") + 1
      name = f"{document.relative_to(ROOT).as_posix()}:{line}"
      blocks.append(pytest.param(match[1].replace(".venv/bin/", ""), id=name))
  return blocks


def _first_words(block: str) -> list[str]:
  """The first word of each command, variable assignments left out."""
  words = []
  for line in block.replace("\\\n", " ").splitlines():
    for part in line.split(" && "):
      rest = [
          word
          for word in shlex.split(part, comments=True)
          if not re.match(r"[A-Z_]+=", word)
      ]
      words += rest[:1]
  return words


@pytest.mark.parametrize("name", COMMANDS)
def test_help_answers_within_a_second(name):
  seconds = []
  for _ in range(3):
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", f"t5_mtf.cli.{name}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds.append(time.perf_counter() - start)
    assert run.returncode == 0, run.stderr
    assert name in run.stdout
  assert min(seconds) < MAX_HELP_SECONDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_does_not_import_tensorflow(name):
  run = subprocess.run(
      [
          sys.executable,
          "-c",
          WITHOUT_TENSORFLOW,
          f"t5_mtf.cli.{name}",
          "--help",
      ],
      cwd=ROOT,
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("block", _bash_blocks())
def test_document_shows_only_known_commands(block):
  assert set(_first_words(block)) <= KNOWN_WORDS


@pytest.mark.parametrize("block", _bash_blocks())
def test_documented_commands_pass_as_dry_runs(block, tmp_path):
  if not set(COMMANDS) & set(_first_words(block)):
    return
  (tmp_path / "examples").symlink_to(ROOT / "examples")
  run = subprocess.run(
      ["bash", "-euo", "pipefail", "-c", f"{PREAMBLE}\n{block}"],
      cwd=tmp_path,
      env={
          "PATH": "/usr/bin:/bin",
          "PYTHON": sys.executable,
          "PYTHONPATH": str(ROOT),
          "HOME": str(tmp_path),
      },
      capture_output=True,
      text=True,
      check=False,
  )
  assert run.returncode == 0, run.stderr


def test_first_words_skip_comments_assignments_and_continuations():
  block = (
      "# comment\nMODEL=a make demo\n"
      "t5_mtf demo \\\n  --flag='b c'\ncd x && make test\n"
  )
  assert _first_words(block) == ["make", "t5_mtf", "cd", "make"]
