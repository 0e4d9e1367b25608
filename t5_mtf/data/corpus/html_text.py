"""The text of an HTML page, line by line, for WARC files of responses."""

from __future__ import annotations

import email.message
import gzip
import html.parser
import http.client
import io
import re
import zlib

_SILENT = {"script", "style", "noscript", "template", "svg", "head", "select"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del",
    "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w-]+)", re.I)
_HEAD = 2048  # bytes in which a page names its character set


def html_to_text(html_page: str) -> str:
  r"""Returns the text of a page; every block element has a line of its own.

  >>> html_to_text("<title>T</title><p>One <b>two</b>.<p>Three.<script>4")
  'T\nOne two.\nThree.'
  """
  parser = _Text()
  parser.feed(html_page)
  parser.close()
  lines = "".join(parser.parts).split("\n")
  return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def text_of_response(response: bytes) -> tuple[str, str]:
  """Returns the text and the content type of a recorded HTTP response.

  Args:
    response: status line, headers and body, as in a WARC record.

  Raises:
    UnicodeDecodeError: the body is not in the character set that it names
      (UTF-8, if it names none).
    ValueError: it is no successful response, or holds no text.
  """
  headers, body = _headers_and_body(response)
  kind = headers.get_content_type()
  if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
    raise ValueError("not HTML or text")
  named = _CHARSET.search(body[:_HEAD])
  charset = headers.get_content_charset() or (
      named[1].decode("ascii") if named and kind != "text/plain" else "utf-8"
  )
  try:
    text = body.decode(charset)
  except LookupError:
    text = body.decode("utf-8")
  return (text if kind == "text/plain" else html_to_text(text)), kind


class _Recorded:
  """What `http.client` needs of a socket."""

  def __init__(self, content: bytes):
    self._content = content

  def makefile(self, mode: str) -> io.BytesIO:
    return io.BytesIO(self._content)


def _headers_and_body(response: bytes) -> tuple[email.message.Message, bytes]:
  parsed = http.client.HTTPResponse(_Recorded(response))
  try:
    parsed.begin()
    body = parsed.read()
  except http.client.IncompleteRead as error:
    # Crawlers unpack and cut bodies, and leave the headers as they were.
    body = error.partial or response.partition(b"\r\n\r\n")[2]
  except (http.client.HTTPException, ValueError) as error:
    raise ValueError("not an HTTP response") from error
  if parsed.status != 200:
    raise ValueError("HTTP status other than 200")
  if body.startswith(b"\x1f\x8b"):
    try:
      body = gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
      raise ValueError("broken compression") from error
  return parsed.msg, body


class _Text(html.parser.HTMLParser):
  """Collects text, with line breaks at the borders of block elements."""

  def __init__(self) -> None:
    super().__init__(convert_charrefs=True)
    self.parts: list[str] = []
    self._silent: list[str] = []
    self._in_title = False

  def handle_starttag(self, tag: str, attrs: object) -> None:
    if tag == "body":  # ends a head that was left open
      self._silent.clear()
    if tag in _SILENT:
      self._silent.append(tag)
    self._in_title = tag == "title"
    if tag not in _INLINE:
      self.parts.append("\n")

  def handle_endtag(self, tag: str) -> None:
    if tag in self._silent:
      del self._silent[self._silent.index(tag) :]
    self._in_title = False
    if tag not in _INLINE:
      self.parts.append("\n")

  def handle_data(self, data: str) -> None:
    # Outside of <pre>, which web pages seldom use for prose, a line break in
    # the source is a space.
    if self._in_title or not self._silent:
      self.parts.append(data.replace("\n", " "))
