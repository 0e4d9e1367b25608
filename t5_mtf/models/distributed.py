"""Several hosts: one mesh over processes that TensorFlow's gRPC servers join.

Every host runs one server of TensorFlow's distributed runtime. Host 0 builds
the graph, reads the data and writes the checkpoints; the others compute what is
placed on their devices, and serve until host 0 ends. A host that is lost stops
the run, which goes on from the last checkpoint when started again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.tf_compat import mtf, tf

MOST_CPUS = 16  # logical CPU devices of a host; those not used cost nothing
_JOB = "worker"
_STATUS = f"/tensorflow.{_JOB.capitalize()}Service/GetStatus"
_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_END = 15.0
_SECONDS_TO_COME = 600.0
_SECONDS_BETWEEN_LINES = 10.0


class HostLost(errors.UserError):
  """A host of the run no longer answers; names it and the last checkpoint."""


@dataclasses.dataclass(frozen=True)
class Cluster:
  """The hosts of a run, and which of them this process is.

  Attributes:
    hosts: "name:port" of each, the first of which drives the run.
    index: of this process.
  """

  hosts: tuple[str, ...]
  index: int

  @property
  def target(self) -> str:
    """What TensorFlow sessions of this process connect to."""
    return f"grpc://localhost:{self.hosts[self.index].rpartition(':')[2]}"

  def named(self, index: int) -> str:
    """A host as messages name it."""
    return f"host {index} ({self.hosts[index]})"


def parse(hosts: str, index: int | None) -> Cluster:
  """Reads `--hosts` and `--host_index`.

  >>> parse("10.0.0.1:2222,10.0.0.2:2222", 1).target
  'grpc://localhost:2222'

  Raises:
    UserError: a host has no port, is named twice, or there is no such index.
  """
  names = tuple(host.strip() for host in hosts.split(","))
  for name in names:
    host, _, port = name.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
      raise errors.UserError(
          f"--hosts names {name!r}, but each host needs a name and a port that"
          " is free there: --hosts=10.0.0.1:2222,10.0.0.2:2222."
      )
  if len(set(names)) < len(names):
    raise errors.UserError(
        f"--hosts={hosts} names a host and port twice. Several processes of"
        " one host need a port each."
    )
  if index is None or not 0 <= index < len(names):
    raise errors.UserError(
        f"--host_index is {'not given' if index is None else index}. Start the"
        f" same command on every host, with --host_index=0 to {len(names) - 1}:"
        " the place of that host in --hosts, counted from 0."
    )
  return Cluster(names, index)


def start_server(cluster: Cluster) -> Any:
  """Starts this host's server; it ends with the process.

  Raises:
    UserError: the port is taken.
  """
  # The server has to know the operations of graphs that others build.
  importlib.import_module("tensorflow_text")
  config = tf.compat.v1.ConfigProto(
      allow_soft_placement=True, device_count={"CPU": MOST_CPUS}
  )
  config.gpu_options.allow_growth = True
  try:
    return tf.distribute.Server(
        {_JOB: list(cluster.hosts)},
        job_name=_JOB,
        task_index=cluster.index,
        config=config,
    )
  except tf.errors.OpError as error:
    raise errors.UserError(
        f"cannot serve at {cluster.hosts[cluster.index]}: {error.message}. Is"
        " the port taken, by another run or by one that has not ended?"
    ) from error


def serve(cluster: Cluster) -> None:
  """Computes for host 0 until that ends; returns then.

  Raises:
    HostLost: host 0 did not come.
  """
  server = start_server(cluster)
  wait_for_hosts(cluster, [0])
  print(
      f"{cluster.named(cluster.index)} serves {cluster.named(0)}", flush=True
  )
  first = _status(cluster.hosts[0])
  while _status(cluster.hosts[0]) == first or _looks_again(cluster, 0, first):
    time.sleep(_SECONDS_BETWEEN_LOOKS)
  del server
  print(f"{cluster.named(0)} has ended, so this one ends too", flush=True)


def wait_for_hosts(cluster: Cluster, indices: Sequence[int]) -> None:
  """Waits until the servers of hosts answer, and says whom it waits for.

  Raises:
    HostLost: one did not come within ten minutes.
  """
  started, said = time.monotonic(), -_SECONDS_BETWEEN_LINES
  while missing := [i for i in indices if not _status(cluster.hosts[i], 2.0)]:
    waited = time.monotonic() - started
    names = ", ".join(map(cluster.named, missing))
    if waited > _SECONDS_TO_COME:
      raise HostLost(
          f"{names} did not answer within {_SECONDS_TO_COME:.0f} seconds. Is"
          " the command running there, with the same --hosts, and the port"
          " open?"
      )
    if waited - said >= _SECONDS_BETWEEN_LINES:
      said = waited
      print(f"waiting for {names}", flush=True)
    time.sleep(0.5)


def mesh_devices(
    cluster: Cluster, mesh_shape: Any, bound: Any = None
) -> tuple[str, ...]:
  """The devices of all hosts, those of a host next to each other.

  Args:
    cluster: whose servers answer.
    mesh_shape: what `mtf.convert_to_shape` takes; None for all GPUs if every
      host has some, else one CPU device a host.
    bound: the devices that gin binds, which then are taken.

  Raises:
    UserError: hosts cannot give so many, the same number each; or a device is
      bound without its host.
  """
  if bound:
    if isinstance(bound, str) or not all("job:" in name for name in bound):
      raise errors.UserError(
          f"utils.run.mesh_devices is {bound!r}, which does not say on which"
          " host. Leave it out to use every host, or write"
          " ['/job:worker/task:0/cpu:0', '/job:worker/task:1/cpu:0']."
      )
    return tuple(bound)
  size = mesh_shape and mtf.convert_to_shape(mesh_shape).size
  with tf.compat.v1.Session(cluster.target) as session:
    return choose_devices(
        [d.name for d in session.list_devices()], len(cluster.hosts), size
    )


def choose_devices(
    names: Sequence[str], num_hosts: int, size: int | None
) -> tuple[str, ...]:
  """Chooses among the names of all devices; see `mesh_devices`."""
  by_host: list[list[str]] = [[] for _ in range(num_hosts)]
  for name in names:
    _, _, task, kind = name.strip("/").split("/")
    if kind.startswith("device:GPU"):
      by_host[int(task.removeprefix("task:"))].append(
          kind.removeprefix("device:").lower()
      )
  with_gpus = all(by_host)
  if not with_gpus:
    by_host = [[f"cpu:{i}" for i in range(MOST_CPUS)] for _ in by_host]
  each = 1
  if size is not None:
    each = size / num_hosts
  elif with_gpus:
    each = min(map(len, by_host))
  if each != int(each) or each < 1 or each > min(map(len, by_host)):
    kind = "GPUs" if with_gpus else "logical CPU devices"
    raise errors.UserError(
        f"mesh_shape has {size} devices, but the {num_hosts} hosts have"
        f" {min(map(len, by_host))} {kind} each, of which a mesh takes the"
        f" same number on every host. Give a shape of {num_hosts} times that"
        " number, or leave mesh_shape out."
    )
  return tuple(
      f"/job:{_JOB}/task:{task}/{kind}"
      for task, kinds in enumerate(by_host)
      for kind in kinds[: int(each)]
  )


def on_first_host(op: Any) -> str:
  """The device of an operation: host 0, where the mesh did not place it."""
  first = tf.DeviceSpec(job=_JOB, task=0)
  placed = tf.DeviceSpec.from_string(op.device or "")
  return first.make_merged_spec(placed).to_string()


def ignore_tf_config() -> None:
  """Keeps TensorFlow from making a cluster of the environment's TF_CONFIG."""
  if os.environ.pop("TF_CONFIG", None) is not None:
    print(
        "TF_CONFIG is set, but is not used: several hosts are given by --hosts"
        " and --host_index",
        flush=True,
    )


@contextlib.contextmanager
def driving(cluster: Cluster | None, model_dir: str) -> Iterator[None]:
  """Runs host 0's part; stops it when another host no longer answers.

  Args:
    cluster: of the run; None for a run of this process alone.
    model_dir: where the checkpoints are, for the message.

  Raises:
    HostLost: a host was lost. If TensorFlow does not let go of it, the process
      ends with the same message and status 1.
  """
  if cluster is None:
    yield
    return
  from tensorflow.python.training import monitored_session

  server = start_server(cluster)
  wait_for_hosts(cluster, range(len(cluster.hosts)))
  watch = _Watch(cluster, model_dir)
  # TensorFlow would make a new session in silence, and wait for the lost host.
  preemption = monitored_session._PREEMPTION_ERRORS
  monitored_session._PREEMPTION_ERRORS = ()
  try:
    yield
  except tf.errors.OpError as error:
    lost = watch.find_lost()
    broken = (tf.errors.UnavailableError, tf.errors.AbortedError)
    if lost is None and not isinstance(error, broken):
      raise
    raise HostLost(watch.message(lost)) from error
  finally:
    monitored_session._PREEMPTION_ERRORS = preemption
    watch.end()
    del server


class _Watch:
  """Looks now and then whether all other hosts answer, and are the same."""

  def __init__(self, cluster: Cluster, model_dir: str) -> None:
    self._cluster = cluster
    self._model_dir = model_dir
    self._first = {
        i: _status(host) for i, host in enumerate(cluster.hosts) if i
    }
    self._ended = threading.Event()
    self._thread = threading.Thread(target=self._look, daemon=True)
    self._thread.start()

  def find_lost(self) -> int | None:
    """The index of a host that no longer answers, or was started anew."""
    for index, first in self._first.items():
      if _status(self._cluster.hosts[index]) == first:
        continue
      if not _looks_again(self._cluster, index, first):
        return index
    return None

  def message(self, lost: int | None) -> str:
    """What happened, and what to do."""
    from t5_mtf.models import checkpoints

    who = "a host" if lost is None else self._cluster.named(lost)
    found = checkpoints.list_checkpoints(self._model_dir)
    last = found[-1] if found else None
    return (
        f"{who} no longer answers, so the run has stopped."
        + (f" The last checkpoint is {last}." if last else "")
        + " The same command, started on every host again, continues from"
        f" {'there' if last else 'the start'}."
    )

  def end(self) -> None:
    """Stops looking."""
    self._ended.set()

  def _look(self) -> None:
    while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
      lost = self.find_lost()
      # TensorFlow sees a closed connection itself, but waits for ever for a
      # host that is silent.
      if lost is not None and not self._ended.wait(_SECONDS_TO_END):
        print(f"error: {self.message(lost)}", file=sys.stderr, flush=True)
        os._exit(1)


def _looks_again(cluster: Cluster, index: int, first: bytes | None) -> bool:
  """Whether a host that did not answer does so at a second look."""
  time.sleep(1.0)
  return _status(cluster.hosts[index]) == first


def _status(host: str, timeout: float = _SECONDS_TO_ANSWER) -> bytes | None:
  """What a server says of its devices; another answer is another process.

  Returns:
    None if it does not answer in time.
  """
  import grpc

  with grpc.insecure_channel(host) as channel:
    try:
      return channel.unary_unary(_STATUS)(b"", timeout=timeout)
    except grpc.RpcError:
      return None
