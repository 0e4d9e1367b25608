"""Translation as text, and spaces for scripts that are written without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.data.preprocessors.language_names import english_name
from t5_mtf.tf_compat import tf

# Blocks of the scripts that are written without spaces between words: first
# and last code point.
_NONSPACED_BLOCKS = (
    (0x0E00, 0x104F),  # Thai, Lao, Tibetan, and the letters of Burmese.
    (0x1780, 0x17FF),  # Khmer.
    (0x1980, 0x19FF),  # New Tai Lue, Khmer symbols.
    (0x1A20, 0x1AAF),  # Tai Tham.
    (0x2E80, 0x2EFF),  # CJK radicals.
    (0x3000, 0x30FF),  # CJK punctuation, Hiragana, Katakana.
    (0x31C0, 0x31EF),  # CJK strokes.
    (0x3400, 0x4DBF),  # CJK ideographs, extension A.
    (0x4E00, 0x9FFF),  # CJK ideographs.
    (0xA980, 0xA9DF),  # Javanese.
    (0xF900, 0xFAFF),  # CJK compatibility ideographs.
)


def translate(
    dataset: tf.data.Dataset, source_language: str, target_language: str
) -> tf.data.Dataset:
  """Pairs of sentences as translation tasks (Raffel et al. 2020, section 2.4).

  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"en": "That is good.", "de": "Das ist gut."})
  >>> next(translate(dataset, "en", "de").as_numpy_iterator())
  {'inputs': b'translate English to German: That is good.', \
'targets': b'Das ist gut.'}

  Args:
    dataset: dicts with the sentence of each language, tf.string, under its
      code.
    source_language: code of the language of the inputs, such as "en" or
      "zh-tw"; the English name in the prefix is that of its first two letters.
    target_language: code of the language of the targets.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    UnknownNameError: a code is of no language.
    DataError: the examples lack one of the two languages.
  """
  prefix = _prefix(source_language, target_language)
  require_features("translate", dataset, [source_language, target_language])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "inputs": tf.strings.join([prefix, example[source_language]]),
        "targets": example[target_language],
    }

  return map_over_dataset(to_text)(dataset)


def multi_translate(
    dataset: tf.data.Dataset, source_language: str, target_language: str
) -> tf.data.Dataset:
  """Sentences in several languages as translation tasks between two of them.

  Examples without one of the two are dropped. Of several translations into a
  language the first is taken.

  >>> dataset = tf.data.Dataset.from_tensors({"translations": {
  ...     "language": ["en", "de", "fr"],
  ...     "translation": ["Good.", "Gut.", "Bon."]}})
  >>> next(multi_translate(dataset, "fr", "en").as_numpy_iterator())
  {'inputs': b'translate French to English: Bon.', 'targets': b'Good.'}

  Args:
    dataset: dicts with `translations`, a dict of `language`, the codes, and
      `translation`, the sentences in the same order, tf.string [languages].
    source_language: code of the language of the inputs, as in `translate`.
    target_language: code of the language of the targets.

  Returns:
    The dataset with `inputs` and `targets`.

  Raises:
    UnknownNameError: a code is of no language.
    DataError: the examples have no `translations`.
  """
  prefix = _prefix(source_language, target_language)
  require_features("multi_translate", dataset, ["translations"])

  def has_both(example: Mapping[str, Any]) -> tf.Tensor:
    languages = example["translations"]["language"]
    return tf.reduce_any(languages == source_language) & tf.reduce_any(
        languages == target_language
    )

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    translations = example["translations"]

    def sentence(language: str) -> tf.Tensor:
      here = translations["language"] == language
      return tf.boolean_mask(translations["translation"], here)[0]

    return {
        "inputs": tf.strings.join([prefix, sentence(source_language)]),
        "targets": sentence(target_language),
    }

  return map_over_dataset(to_text)(dataset.filter(has_both))


def _prefix(source_language: str, target_language: str) -> str:
  source, target = english_name(source_language), english_name(target_language)
  return f"translate {source} to {target}: "


def pad_nonspaced_languages(
    dataset: tf.data.Dataset, text_key: str = "text"
) -> tf.data.Dataset:
  """Puts spaces around the letters of scripts that are written without.

  So each Chinese, Japanese, Thai, Lao, Khmer, Burmese or Tibetan letter is a
  word to what splits at spaces. Runs of whitespace become one space.

  >>> dataset = tf.data.Dataset.from_tensors({"text": "Hello there. 你好吗？"})
  >>> text = next(pad_nonspaced_languages(dataset).as_numpy_iterator())["text"]
  >>> text.decode()
  'Hello there. 你 好 吗 ？'

  Args:
    dataset: dicts with a scalar tf.string.
    text_key: the feature to change; the others stay.

  Returns:
    The dataset.

  Raises:
    DataError: the examples lack the feature.
  """
  require_features("pad_nonspaced_languages", dataset, [text_key])
  letters = "".join(f"{chr(a)}-{chr(b)}" for a, b in _NONSPACED_BLOCKS)

  def pad(example: Mapping[str, Any]) -> dict[str, Any]:
    text = tf.strings.regex_replace(
        example[text_key], f"([{letters}])", r" \1 "
    )
    text = tf.strings.regex_replace(text, r"\s+", " ")
    return {**example, text_key: text}

  return map_over_dataset(pad)(dataset)
