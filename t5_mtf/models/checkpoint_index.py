"""What a checkpoint's index says, read without its tensors or TensorFlow.

A checkpoint `model.ckpt-STEP` is a file `.index` and files `.data-I-of-N`. The
index is a table of sorted strings, as in LevelDB, whose values are
`BundleEntryProto` messages of TensorFlow's `tensor_bundle.proto`: data file,
offset and size of each tensor. So it is known to the byte how long each data
file has to be, and a checkpoint that was cut short shows at once.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Iterator

from t5_mtf.evaluation import files
from t5_mtf.models import storage

_FOOTER = 48  # bytes: two places of blocks, padding, the magic number
_MAGIC = 0xDB4775248B80FB57
# Fields of BundleEntryProto.
_SHARD, _OFFSET, _SIZE = 3, 4, 5


class DamagedIndex(ValueError):
  """The index is cut short, damaged, or of another form."""


@dataclasses.dataclass(frozen=True)
class Entry:
  """Where a tensor is.

  Attributes:
    name: of the variable.
    shard: number of the data file.
    end: offset in that file just behind the tensor, in bytes.
  """

  name: str
  shard: int
  end: int


def read(path: str) -> list[Entry]:
  """Reads the index of the checkpoint `path`.

  Raises:
    DamagedIndex: it cannot be understood.
    FileNotFoundError: there is none.
  """
  with files.open_file(path + ".index", "rb") as f:
    table = f.read()
  if len(table) < _FOOTER:
    raise DamagedIndex("the index is cut short")
  footer = table[-_FOOTER:]
  if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
    raise DamagedIndex("the index is cut short or not one")
  try:
    return list(_entries(table, footer))
  except (IndexError, struct.error, UnicodeDecodeError):
    raise DamagedIndex("the index is damaged") from None


def _entries(table: bytes, footer: bytes) -> Iterator[Entry]:
  at = 0
  for _ in range(2):  # where the block of filters is, which has none
    _, at = _varint(footer, at)
  place, at = _varint(footer, at)
  size, _ = _varint(footer, at)
  for _, handle in _block(table, place, size):
    start, at = _varint(handle, 0)
    length, _ = _varint(handle, at)
    for key, value in _block(table, start, length):
      if key:  # the empty key holds the header
        fields = _fields(value)
        end = fields.get(_OFFSET, 0) + fields.get(_SIZE, 0)
        yield Entry(
            key.decode("utf-8", "replace"), fields.get(_SHARD, 0), end
        )


def _block(table: bytes, start: int, size: int) -> list[tuple[bytes, bytes]]:
  """The (key, value) pairs of a block; keys share their head with the last."""
  block = table[start : start + size]
  compression = table[start + size : start + size + 1]
  if len(block) < size or compression != b"\0":
    raise DamagedIndex("the index is damaged, or compressed")
  (restarts,) = struct.unpack("<I", block[-4:])
  end = size - 4 * (restarts + 1)
  pairs, key, at = [], b"", 0
  while at < end:
    shared, at = _varint(block, at)
    rest, at = _varint(block, at)
    length, at = _varint(block, at)
    key = key[:shared] + block[at : at + rest]
    at += rest
    pairs.append((key, block[at : at + length]))
    at += length
  return pairs


def _fields(message: bytes) -> dict[int, int]:
  """The integer fields of a message; the others are stepped over."""
  found, at = {}, 0
  while at < len(message):
    tag, at = _varint(message, at)
    kind = tag & 7
    if kind == 0:
      found[tag >> 3], at = _varint(message, at)
    elif kind == 2:
      length, at = _varint(message, at)
      at += length
    else:
      at += {1: 8, 5: 4}[kind]
  return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
  value = shift = 0
  while True:
    byte = data[at]
    value |= (byte & 127) << shift
    at, shift = at + 1, shift + 7
    if byte < 128:
      return value, at


def incomplete_reason(path: str) -> str | None:
  """Says what a checkpoint lacks: a data file, or bytes of one; else None.

  Wrong bytes inside a file do not show here: `checkpoints.unreadable_reason`
  reads them all.
  """
  try:
    entries = read(path)
  except (DamagedIndex, KeyError) as error:
    return str(error)
  except FileNotFoundError:
    return "the index is missing"
  if not entries:
    return "the index is empty"
  folder, prefix = os.path.split(path)
  data = {}
  for name in storage.names(folder or "."):
    head, _, tail = name.rpartition(".data-")
    if head == prefix:
      data[int(tail[:5])] = os.path.join(folder, name)
  needed: dict[int, int] = {}
  for entry in entries:
    needed[entry.shard] = max(needed.get(entry.shard, 0), entry.end)
  for shard, size in sorted(needed.items()):
    if shard not in data:
      return f"its data file {shard} is missing"
    there = storage.size_and_time(data[shard])[0]
    if there < size:
      return (
          f"{os.path.basename(data[shard])} is cut short: {there:,} of"
          f" {size:,} bytes"
      )
  return None
