from __future__ import annotations

import os
import subprocess
import sys

from t5_mtf.evaluation import parallel

# Without a guard: worker processes that import it would start their own.
SCRIPT = """
from t5_mtf.evaluation import parallel
print(parallel.map_chunks(lambda x: x * 2, [(1,), (2,)], "doubles", True))
"""


def test_results_keep_the_order_of_the_chunks() -> None:
  chunks = [(i, 2) for i in range(20)]
  expected = [i**2 for i in range(20)]
  for all_cores in (False, True):
    assert parallel.map_chunks(pow, chunks, "powers", all_cores) == expected


def test_a_script_needs_no_guard_and_no_picklable_function(tmp_path) -> None:
  script = tmp_path / "script.py"
  script.write_text(SCRIPT, encoding="utf-8")
  run = subprocess.run(
      [sys.executable, str(script)],
      capture_output=True,
      text=True,
      check=True,
      env=os.environ | {"PYTHONPATH": ":".join(p for p in sys.path if p)},
  )
  assert run.stdout == "[2, 4]\n"
  assert run.stderr == ""  # no progress bar where there is no terminal
