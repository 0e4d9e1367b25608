"""`t5_mtf doctor`: whether this machine can train, and what to do if not."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.metadata
import io
import os
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from t5_mtf.cli import console

_GIGABYTE = 1e9
_LEAST_MEMORY = 1.0  # gigabytes
_LEAST_DISK = 2.0  # gigabytes: a few checkpoints of the small model
_SENTENCE = "translate English to German: That is good."
_IDS = [13959, 1566, 12, 2968, 10, 466, 19, 207, 5]
_READ_BY_TENSORFLOW = (
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "TF_CONFIG",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
)
_TINY = (
    "d_model = 16",
    "d_ff = 32",
    "num_layers = 1",
    "num_heads = 2",
    "d_kv = 8",
    "utils.run.batch_size = 4",
    "utils.run.sequence_length = {'inputs': 48, 'targets': 48}",
    "utils.run.train_steps = 1",
)
_EXAMPLES = """\
examples:
  t5_mtf doctor
  t5_mtf doctor --model_dir=my_model
  t5_mtf doctor --light
"""


@dataclasses.dataclass(frozen=True)
class Finding:
  """One line of the report.

  Attributes:
    subject: what was looked at.
    text: what was found.
    advice: what to do, if something is wrong; None if all is well.
  """

  subject: str
  text: str
  advice: str | None = None

  def __str__(self) -> str:
    state = "ok  " if self.advice is None else "FAIL"
    line = f"{state}  {self.subject:<10}  {self.text}"
    return line + (f"\n      -> {self.advice}" if self.advice else "")


def add_parser(commands: Any) -> argparse.ArgumentParser:
  """Describes the command and its flags."""
  parser = commands.add_parser(
      "doctor",
      help="say whether this machine can train, and what to do if not",
      description=(
          "Checks versions, vocabulary, memory, disk and devices, and trains a"
          "\ntiny model for one step on each kind of device. The exit status is"
          "\n1 if anything is wrong; each such line says what to do."
      ),
      epilog=_EXAMPLES,
  )
  add = parser.add_argument
  add("--model_dir", metavar="DIR", help="where a model is to be written: is"
      " there room, and may it be written? (default: the current folder)")
  add("--light", action="store_true", help="leave out what needs TensorFlow")
  add("--dry_run", action="store_true", help="check the flags, and stop")
  return parser


def run(flags: argparse.Namespace) -> int:
  """Prints the findings as they come; returns the exit status."""
  if flags.dry_run:
    print(f"would check this machine and {flags.model_dir or '.'}")
    return 0
  console.quiet_tensorflow()
  failed = 0
  for finding in findings(flags.model_dir or ".", flags.light):
    print(finding, flush=True)
    failed += finding.advice is not None
  what = "all is well" if not failed else f"{failed} to mend"
  print(f"\n{what}", flush=True)
  return 1 if failed else 0


def findings(model_dir: str, light: bool = False) -> Iterator[Finding]:
  """Yields what is found, what takes little time first."""
  yield check_python(sys.version_info[:3])
  yield from _guarded_all(
      "versions",
      lambda: check_versions(importlib.metadata.requires("t5_mtf")),
  )
  yield _guarded("vocabulary", check_vocabulary)
  yield check_cores(os.environ)
  yield check_memory(_available_memory())
  yield from _guarded_all("output", lambda: check_output(model_dir))
  if light:
    return
  kinds: list[str] = []
  yield _guarded("devices", lambda: check_devices(kinds))
  for kind in kinds:
    yield _guarded("one step", lambda kind=kind: check_step(kind))


def check_python(version: tuple[int, ...]) -> Finding:
  """The only Python that TensorFlow 2.15 and the tested pins share."""
  text = ".".join(map(str, version))
  if tuple(version[:2]) == (3, 11):
    return Finding("python", text)
  return Finding(
      "python", text, "make an environment with Python 3.11: python3.11 -m venv"
  )


def check_versions(
    requirements: Any,
    version_of: Callable[[str], str] = importlib.metadata.version,
    tested: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
  """Compares what is installed with what is required, and was tested.

  Args:
    requirements: as `importlib.metadata.requires` gives them; those of extras
      are left out.
    version_of: the installed version of a library; PackageNotFoundError.
    tested: library -> version; None for those of `constraints.txt`, where the
      package is run from a checkout.
  """
  from packaging import requirements as requirements_lib

  tested = _constraints() if tested is None else tested
  right, differing = 0, []
  for text in requirements:
    wanted = requirements_lib.Requirement(text)
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
      continue
    install = f"python -m pip install '{wanted.name}{wanted.specifier}'"
    try:
      found = version_of(wanted.name)
    except importlib.metadata.PackageNotFoundError:
      yield Finding("versions", f"{wanted.name} is not installed", install)
      continue
    if not wanted.specifier.contains(found, prereleases=True):
      text = f"{wanted.name} is {found}, not {wanted.specifier}"
      yield Finding("versions", text, install)
      continue
    right += 1
    pin = tested.get(_normal(wanted.name), found)
    if pin != found:
      differing.append(f"{wanted.name} {found} (tested with {pin})")
  text = f"{right} libraries are of the required versions"
  if differing:
    text += f"; not those of constraints.txt: {', '.join(differing)}"
  yield Finding("versions", text)


def check_vocabulary(vocabulary: Any = None) -> Finding:
  """Loads a vocabulary, by default T5's, and encodes a sentence."""
  from t5_mtf import data

  vocabulary = vocabulary or data.get_default_vocabulary()
  found = list(vocabulary.encode(_SENTENCE))
  if found == _IDS:
    text = f"T5's, {vocabulary.vocab_size:,} ids, encodes as published"
    return Finding("vocabulary", text)
  return Finding(
      "vocabulary",
      f"{_SENTENCE!r} is {found}, not {_IDS}",
      "install the package and sentencepiece==0.2.0 again",
  )


def check_cores(environment: Mapping[str, str]) -> Finding:
  """Counts the cores, and names what the environment says of their use."""
  usable, there = len(os.sched_getaffinity(0)), os.cpu_count()
  text = f"{usable} of {there}; TensorFlow uses all that are free"
  for name in _READ_BY_TENSORFLOW:
    if name in environment:
      text += f"; {name}={environment[name]}"
  return Finding("cores", text)


def check_memory(available: float) -> Finding:
  """Compares the available memory, in gigabytes, with what a run needs."""
  text = f"{available:.1f} GB available"
  if available >= _LEAST_MEMORY:
    return Finding("memory", text)
  return Finding(
      "memory",
      text,
      "end other programs, or raise the container's limit; TensorFlow alone"
      f" needs {_LEAST_MEMORY:.0f} GB",
  )


def check_output(
    model_dir: str, least_disk: float = _LEAST_DISK
) -> Iterator[Finding]:
  """Whether a model directory may be written, and has room; leaves no trace.

  Args:
    model_dir: the directory; it need not be there.
    least_disk: gigabytes that should be free.
  """
  if "://" in model_dir:
    yield _write_remotely(model_dir)
    return
  folder = pathlib.Path(model_dir).absolute()
  while not folder.exists():
    folder = folder.parent
  try:
    with tempfile.TemporaryDirectory(dir=folder) as made:
      (pathlib.Path(made) / "written").write_text("written", "utf-8")
  except OSError as error:
    yield Finding(
        "output",
        f"{model_dir} cannot be written: {error.strerror}",
        f"give a --model_dir of yours, or make {folder} writable",
    )
    return
  yield Finding("output", f"{model_dir} can be written")
  free = shutil.disk_usage(folder).free / _GIGABYTE
  text = f"{free:.1f} GB free at {folder}"
  if free >= least_disk:
    yield Finding("disk", text)
    return
  yield Finding(
      "disk",
      text,
      f"free {least_disk:.0f} GB, give another --model_dir, or keep fewer"
      " checkpoints with utils.run.keep_checkpoint_max",
  )


def check_devices(kinds: list[str], nvidia: str = "/dev/nvidia0") -> Finding:
  """Lists what TensorFlow sees.

  Args:
    kinds: "cpu", and "gpu" if there is one, are appended.
    nvidia: the file that stands for a GPU's driver.
  """
  from t5_mtf.models import layouts
  from t5_mtf.tf_compat import tf

  gpus = tf.config.list_physical_devices("GPU")
  kinds += ["cpu"] + ["gpu"] * bool(gpus)
  used = layouts.choose_mesh(None, "").description
  text = f"{len(gpus)} GPUs; a run without a mesh of its own uses {used}"
  if gpus or not os.path.exists(nvidia):
    return Finding("devices", text)
  return Finding(
      "devices",
      f"TensorFlow sees no GPU, but {nvidia} is there",
      "unset CUDA_VISIBLE_DEVICES if it is empty or -1, and install"
      " TensorFlow's CUDA libraries: python -m pip install"
      " 'tensorflow[and-cuda]==2.15.1'",
  )


def check_step(kind: str) -> Finding:
  """Trains a tiny model for one step, with the real runner.

  Args:
    kind: "cpu" or "gpu".
  """
  from t5_mtf import data
  from t5_mtf.models import gin_loading, settings, training

  vocabulary = data.ByteVocabulary()
  started, said = time.monotonic(), io.StringIO()
  with tempfile.TemporaryDirectory() as folder:
    with contextlib.redirect_stdout(said):
      gin_loading.load(
          ["models/mini.gin", "learning_rate_schedules/constant_0_001.gin"],
          _TINY,
      )
      run_settings = settings.from_gin(
          folder,
          mesh_devices=[f"{kind}:0"],
          vocabulary=(vocabulary, vocabulary),
          train_dataset_fn=_sentences,
      )
      path = training.train(run_settings)
    if not path.endswith("model.ckpt-1"):
      raise RuntimeError(f"the checkpoint is {path}: {said.getvalue()}")
  seconds = time.monotonic() - started
  return Finding(
      "one step", f"trained and saved on {kind}:0, in {seconds:.0f} seconds"
  )


def _sentences(
    sequence_length: Mapping[str, int], vocabulary: Any, dataset_split: str
) -> Any:
  """A data set of one sentence, as `utils.run.train_dataset_fn` makes them."""
  del dataset_split
  from t5_mtf.tf_compat import tf

  ids = vocabulary[0].encode(_SENTENCE)
  row = [*ids, *[0] * sequence_length["inputs"]][: sequence_length["inputs"]]
  rows = {"inputs": [row], "targets": [row]}
  return tf.data.Dataset.from_tensor_slices(rows).repeat()


def _guarded(subject: str, check: Callable[[], Finding]) -> Finding:
  """A check's finding; an error of any kind is one, too."""
  [finding] = _guarded_all(subject, lambda: [check()])
  return finding


def _guarded_all(subject: str, check: Callable[[], Any]) -> list[Finding]:
  try:
    return list(check())
  except Exception as error:  # whatever is broken is what is looked for
    lines = str(error).strip().splitlines() or [""]
    return [
        Finding(
            subject,
            f"{type(error).__name__}: {lines[0][:300]}",
            "mend what is wrong above first; then install again: python -m pip"
            " install -c constraints.txt t5_mtf",
        )
    ]


def _write_remotely(model_dir: str) -> Finding:
  from t5_mtf.tf_compat import tf

  path = f"{model_dir.rstrip('/')}/.written_by_t5_mtf_doctor"
  try:
    with tf.io.gfile.GFile(path, "w") as f:
      f.write("written")
    tf.io.gfile.remove(path)
  except tf.errors.OpError as error:
    return Finding(
        "output",
        f"{model_dir} cannot be written: {error.message[:200]}",
        "check the bucket's name and the credentials: gcloud auth"
        " application-default login",
    )
  return Finding("output", f"{model_dir} can be written")


def _available_memory() -> float:
  """Gigabytes."""
  for line in pathlib.Path("/proc/meminfo").read_text("utf-8").splitlines():
    if line.startswith("MemAvailable:"):
      return int(line.split()[1]) * 1024 / _GIGABYTE
  return 0.0


def _constraints() -> dict[str, str]:
  """The tested versions, which stand beside the package in a checkout."""
  path = pathlib.Path(__file__).parents[2] / "constraints.txt"
  if not path.is_file():
    return {}
  lines = [line.split("==") for line in path.read_text("utf-8").split()]
  return {_normal(pair[0]): pair[1] for pair in lines if len(pair) == 2}


def _normal(name: str) -> str:
  return name.lower().replace("_", "-")
