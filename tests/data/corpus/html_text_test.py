"""Tests of t5_mtf.data.corpus.html_text."""

from __future__ import annotations

import doctest
import gzip

import pytest

from t5_mtf.data.corpus import html_text


def _response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
  head = "\r\n".join([f"HTTP/1.1 {status}", *headers])
  return head.encode("ascii") + b"\r\n\r\n" + body


def test_examples_of_the_documentation():
  assert doctest.testmod(html_text).failed == 0


def test_blocks_are_lines_and_inline_elements_are_not():
  page = "<body>A <b>b</b><br>c<ul><li>d<li>e</ul>f\ng<style>x{}</style></body>"
  assert html_text.html_to_text(page) == "A b\nc\nd\ne\nf g"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("<p>Café".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ('<meta charset="latin1"><p>Café'.encode("latin-1"), "text/html"),
        ("<p>Café".encode(), "text/html; charset=no-such-set"),
        (
            gzip.compress("<p>Café".encode(), mtime=0),
            "text/html; charset=utf-8",
        ),
        ("Café".encode(), "text/plain"),
    ],
)
def test_character_set_is_the_one_that_is_named(body, header):
  response = _response(body, f"Content-Type: {header}")
  assert html_text.text_of_response(response)[0] == "Café"


def test_chunked_and_cut_bodies_are_read():
  chunked = _response(
      b"3\r\n<p>\r\n2\r\nOk\r\n0\r\n\r\n",
      "Content-Type: text/html",
      "Transfer-Encoding: chunked",
  )
  assert html_text.text_of_response(chunked)[0] == "Ok"
  cut = _response(b"<p>Ok", "Content-Type: text/html", "Content-Length: 99")
  assert html_text.text_of_response(cut)[0] == "Ok"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (_response(b"x", "Content-Type: image/png"), "not HTML or text"),
        (_response(b"x", "Content-Type: text/html", status="301 Moved"),
         "status"),
        (_response(b"\x1f\x8bx", "Content-Type: text/html"), "compression"),
        (b"no response", "not an HTTP response"),
        (b"", "not an HTTP response"),
    ],
)  # fmt: skip
def test_what_holds_no_text_says_why(response, reason):
  with pytest.raises(ValueError, match=reason):
    html_text.text_of_response(response)


def test_wrong_character_set_is_a_unicode_error():
  response = _response(b"<p>\xff", "Content-Type: text/html; charset=utf-8")
  with pytest.raises(UnicodeDecodeError):
    html_text.text_of_response(response)
