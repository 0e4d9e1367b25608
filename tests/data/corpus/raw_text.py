"""Raw text of tests, and the pages of a corpus."""

from __future__ import annotations

import gzip
import json
import pathlib


def sentences(topic: str, count: int = 4) -> str:
  """Lines that every rule keeps, different for every topic."""
  return "\n".join(
      f"This is line number {i} about {topic} and it is kept."
      for i in range(count)
  )


def wet_record(
    url: str | None,
    text: str | bytes,
    date: str | None = "2019-04-18T10:12:43Z",
    kind: str = "conversion",
) -> bytes:
  """A WARC record; without a URL or a date if they are None."""
  content = text if isinstance(text, bytes) else text.encode("utf-8")
  headers = ["WARC/1.0", f"WARC-Type: {kind}"]
  headers += [f"WARC-Target-URI: {url}"] if url is not None else []
  headers += [f"WARC-Date: {date}"] if date is not None else []
  headers += ["Content-Type: text/plain", f"Content-Length: {len(content)}"]
  head = "\r\n".join(headers).encode("utf-8")
  return head + b"\r\n\r\n" + content + b"\r\n\r\n"


def pages_of(folder: pathlib.Path, split: str) -> list[dict[str, str]]:
  """The pages of a corpus in JSON lines."""
  pages = []
  for path in sorted(pathlib.Path(folder).glob(f"{split}.*.jsonl.gz")):
    with gzip.open(path, "rt", encoding="utf-8") as f:
      pages += map(json.loads, f)
  return pages
