"""An index tells where each tensor is, and whether a data file is whole."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from t5_mtf.models import checkpoint_index, checkpoints
from tests.models import written


@pytest.fixture
def path(tmp_path):
  # Names with a common head, and so many that the index has several blocks.
  values = {f"block_{i:04d}__kernel": (i + 1,) for i in range(300)}
  return written.checkpoint(tmp_path, 7, **values)


def test_reads_every_name_and_the_bytes_of_each_data_file(path):
  entries = checkpoint_index.read(path)
  assert [e.name for e in entries] == sorted(checkpoints.shapes(path))
  assert len(entries) == 301
  data = path + ".data-00000-of-00001"
  assert max(e.end for e in entries) == os.path.getsize(data)
  assert checkpoint_index.incomplete_reason(path) is None


@pytest.mark.parametrize("kept", [0, 0.5, 0.999])
@pytest.mark.parametrize(
    "ending, reason",
    [
        (".index", "index is cut short|not one|damaged"),
        (".data-00000-of-00001", "cut short: [0-9,]+ of [0-9,]+ bytes"),
    ],
)
def test_says_which_file_is_cut_short(path, ending, kept, reason):
  size = os.path.getsize(path + ending)
  os.truncate(path + ending, int(size * kept))
  found = checkpoint_index.incomplete_reason(path)
  assert re.search(reason, found), found


def test_says_which_file_is_missing(path):
  os.remove(path + ".data-00000-of-00001")
  assert checkpoint_index.incomplete_reason(path) == (
      "its data file 0 is missing"
  )
  os.remove(path + ".index")
  assert checkpoint_index.incomplete_reason(path) == "the index is missing"


def test_any_damaged_byte_of_an_index_is_survived(path):
  with open(path + ".index", "rb") as f:
    whole = f.read()
  random = np.random.RandomState(0)
  for place in random.randint(0, len(whole), 200):
    damaged = bytearray(whole)
    damaged[place] ^= 0xFF
    with open(path + ".index", "wb") as f:
      f.write(damaged)
    checkpoint_index.incomplete_reason(path)  # says something or nothing


def test_does_not_need_tensorflow(path):
  program = (
      "import sys\n"
      "from t5_mtf.models import checkpoint_index, checkpoints\n"
      f"folder = {os.path.dirname(path)!r}\n"
      "[path] = checkpoints.list_checkpoints(folder)\n"
      "assert checkpoint_index.incomplete_reason(path) is None\n"
      "assert 'tensorflow' not in sys.modules\n"
  )
  subprocess.run([sys.executable, "-c", program], check=True)
