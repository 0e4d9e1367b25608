"""Questions and answers as text: SQuAD and TriviaQA.

In all of them punctuation stands apart from words, between spaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data.features import Feature
from t5_mtf.data.mapping import map_over_dataset
from t5_mtf.data.preprocessors.checks import require_features
from t5_mtf.data.preprocessors.tokenization import rekey
from t5_mtf.tf_compat import tf

_REGEX_SPECIALS = r"[\\.^$|()\[\]{}*+?]"


def _string_join(lst: Sequence[Any]) -> tf.Tensor:
  r"""Joins texts by spaces; runs of whitespace become one space.

  >>> _string_join(["question:", "Who ? ", "context:\n\nMe."]).numpy()
  b'question: Who ? context: Me.'

  Args:
    lst: scalar strings or tensors of them.

  Returns:
    A scalar tf.string.
  """
  return tf.strings.regex_replace(tf.strings.join(lst, " "), r"\s+", " ")


def _pad_punctuation(text: Any) -> tf.Tensor:
  """Puts spaces around each ASCII punctuation character.

  Runs of whitespace become one space. Other punctuation (curly quotes, the
  inverted question mark) stays as it is.

  >>> _pad_punctuation("The (old) men's club.").numpy()
  b"The ( old ) men ' s club . "

  Args:
    text: tf.string of any shape.

  Returns:
    tf.string of the same shape.
  """
  text = tf.strings.regex_replace(text, "([[:punct:]])", r" \1 ")
  return tf.strings.regex_replace(text, r"\s+", " ")


def _occurrences(tokens: tf.Tensor, sought: tf.Tensor) -> tf.Tensor:
  """Where in `tokens` (1-D) all of `sought` (1-D) occurs, int32 [number]."""
  length = tf.size(sought)
  starts = tf.range(tf.maximum(tf.size(tokens) - length + 1, 0))
  windows = tf.gather(tokens, starts[:, None] + tf.range(length)[None, :])
  return tf.boolean_mask(starts, tf.reduce_all(windows == sought[None, :], 1))


def _span_answer(
    context: Any, answer_text: Any, match_at_end: bool = False
) -> tf.Tensor:
  """The place of an answer in its context, counted in words.

  Words are what single characters other than ASCII letters, digits and `_`
  separate, so that a space beside a comma, say, makes an empty word, which
  counts. As published, an answer that is the very end of the context is not
  found.

  >>> _span_answer("Called the Denver Broncos.", "Denver Broncos").numpy()
  b'start: 2 end: 3'
  >>> _span_answer("a b c", "c").numpy()
  b''
  >>> _span_answer("a b c", "c", match_at_end=True).numpy()
  b'start: 2 end: 2'

  Args:
    context: a scalar string.
    answer_text: a scalar string.
    match_at_end: also look at the end of the context.

  Returns:
    Scalar tf.string, `start: A end: B` of the first occurrence (B is the last
    word of the answer), empty where there is none.
  """
  words, answer = (
      tf.strings.split(tf.strings.regex_replace(text, r"\W", " "), " ")
      for text in (context, answer_text)
  )
  starts = _occurrences(words, answer)
  if not match_at_end:
    last = tf.size(words) - tf.size(answer)
    starts = tf.boolean_mask(starts, starts < last)
  ends = starts + tf.size(answer) - 1
  spans = tf.strings.join(
      ["start:", tf.as_string(starts), "end:", tf.as_string(ends)], " "
  )
  return tf.strings.reduce_join(spans[:1])


def squad(
    dataset: tf.data.Dataset, include_context: bool = True
) -> tf.data.Dataset:
  """SQuAD's questions, with the text that has the answer or without.

  Raffel et al. 2020, appendix D.15; without the context it is closed-book.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "id": "7", "context": "It was dug in 1731.", "question": "When?",
  ...     "answers": {"text": ["1731", "in 1731"]}})
  >>> example = next(squad(dataset).as_numpy_iterator())
  >>> example["inputs"], example["targets"]
  (b'question: When ? context: It was dug in 1731 . ', b'1731')

  Args:
    dataset: dicts with `id`, `question`, `context` and `answers`, a dict of
      `text`, tf.string [answers].
    include_context: whether the inputs hold the context.

  Returns:
    The dataset with `inputs` and `targets` (the first answer), and `id`,
    `context`, `question` and `answers` for the metric.

  Raises:
    DataError: a feature is missing. A question without an answer fails when it
      is read.
  """
  return questions(dataset, "squad", _pad_punctuation, include_context)


def questions(
    dataset: tf.data.Dataset,
    name: str,
    pad_punctuation: Callable[[tf.Tensor], tf.Tensor],
    include_context: bool,
) -> tf.data.Dataset:
  """`squad` with another notion of punctuation.

  Args:
    dataset: as in `squad`.
    name: of the preprocessor, for errors.
    pad_punctuation: puts spaces around punctuation, in tf.string of any shape.
    include_context: whether the inputs hold the context.

  Returns:
    The dataset with the features of `squad`.

  Raises:
    DataError: a feature is missing. A question without an answer fails when it
      is read.
  """
  require_features(name, dataset, ["id", "question", "context", "answers"])

  def to_text(example: Mapping[str, Any]) -> dict[str, Any]:
    answers = pad_punctuation(example["answers"]["text"])
    question = pad_punctuation(example["question"])
    context = pad_punctuation(example["context"])
    if include_context:
      inputs = ["question:", question, "context:", context]
    else:
      inputs = ["squad trivia question:", question]
    answered = tf.debugging.Assert(
        tf.size(answers) > 0,
        [f"{name}: a question has no answer; its id is", example["id"]],
    )
    with tf.control_dependencies([answered]):
      targets = tf.gather(answers, 0)
    return {
        "inputs": _string_join(inputs),
        "targets": targets,
        "id": example["id"],
        "context": context,
        "question": question,
        "answers": answers,
    }

  return map_over_dataset(to_text)(dataset)


def squad_span_space_tokenized(
    dataset: tf.data.Dataset, match_at_end: bool = False
) -> tf.data.Dataset:
  """SQuAD with the place of the answer as the targets, counted in words.

  Questions whose first answer is not found in the context are dropped; see
  `_span_answer` for what is found.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "id": "7", "context": "It was dug in 1731.", "question": "When?",
  ...     "answers": {"text": ["in 1731"]}})
  >>> example = next(squad_span_space_tokenized(dataset).as_numpy_iterator())
  >>> example["targets"]
  b'start: 3 end: 4'

  Args:
    dataset: as in `squad`.
    match_at_end: also find an answer at the very end of the context; the
      published code does not.

  Returns:
    The dataset with the features of `squad`.

  Raises:
    DataError: a feature is missing.
  """

  def to_span(example: Mapping[str, Any]) -> dict[str, Any]:
    span = _span_answer(
        example["context"], example["targets"], match_at_end=match_at_end
    )
    return {**example, "targets": span}

  spans = map_over_dataset(to_span)(squad(dataset))
  return spans.filter(lambda example: tf.not_equal(example["targets"], ""))


def trivia_qa(
    dataset: tf.data.Dataset, literal_answers: bool = False
) -> tf.data.Dataset:
  """TriviaQA's questions with each text that has an answer, for each answer.

  A text has an answer if it contains one of the aliases; upper and lower case
  of ASCII letters are the same. Other texts are dropped.

  >>> dataset = tf.data.Dataset.from_tensors({
  ...     "question": "Which key?", "answer": {"normalized_aliases": ["c"]},
  ...     "entity_pages": {"wiki_context": ["It is in C.", "No idea."]}})
  >>> for example in trivia_qa(dataset).as_numpy_iterator():
  ...   print(example["inputs"], example["targets"])
  b'question: Which key ? context: It is in C . ' b'c'

  Args:
    dataset: dicts with `question`, `answer` (a dict of `normalized_aliases`)
      and one or both of `entity_pages` (of `wiki_context`) and
      `search_results` (of `search_context`), all tf.string.
    literal_answers: look for the aliases as they are. As published, an alias
      is a regular expression: "u.s" also finds "u , s", and an alias with one
      parenthesis fails ("Invalid pattern").

  Returns:
    The dataset with `inputs` and `targets`, for each text and each alias that
    it contains.

  Raises:
    DataError: a feature is missing.
  """
  require_features("trivia_qa", dataset, ["question", "answer"])
  sources = [
      (page, text)
      for page, text in (
          ("entity_pages", "wiki_context"),
          ("search_results", "search_context"),
      )
      if page in dataset.element_spec
  ]
  if not sources:
    raise errors.DataError(
        "trivia_qa: the examples have neither 'entity_pages' nor"
        " 'search_results', so there is no text to find answers in."
    )

  def has_answer(example: Mapping[str, tf.Tensor]) -> tf.Tensor:
    answer = example["targets"]
    if literal_answers:
      answer = tf.strings.regex_replace(answer, _REGEX_SPECIALS, r"\\\0")
    pattern = tf.strings.join([".*", tf.strings.lower(answer), ".*"])
    return tf.strings.regex_full_match(
        tf.strings.lower(example["context"]), pattern
    )

  def pairs(example: Mapping[str, Any]) -> tf.data.Dataset:
    contexts = tf.concat([example[page][text] for page, text in sources], 0)
    contexts = _pad_punctuation(contexts)
    answers = _pad_punctuation(example["answer"]["normalized_aliases"])
    question = _pad_punctuation(example["question"])
    count = tf.size(answers, tf.int64)
    numbers = tf.data.Dataset.range(tf.size(contexts, tf.int64) * count)
    return (
        numbers.map(
            lambda i: {
                "context": contexts[i // count],
                "targets": answers[i % count],
            }
        )
        .filter(has_answer)
        .map(
            lambda pair: {
                "inputs": _string_join(
                    ["question:", question, "context:", pair["context"]]
                ),
                "targets": pair["targets"],
            }
        )
    )

  return dataset.flat_map(pairs)


def trivia_qa_truncate_inputs(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, Feature] | None,
    sequence_length: Mapping[str, int],
) -> tf.data.Dataset:
  """Cuts a random part that holds the answer out of inputs that are too long.

  Inputs that fit stay as they are. Longer ones without the answer are dropped.

  >>> dataset = tf.data.Dataset.from_tensors(
  ...     {"inputs": [3, 5, 7, 9, 11], "targets": [9, 11]})
  >>> cut = trivia_qa_truncate_inputs(dataset, None, {"inputs": 3})
  >>> next(cut.as_numpy_iterator())["inputs"].tolist()
  [7, 9, 11]

  Args:
    dataset: dicts with `inputs` and `targets`, ids [length].
    output_features: not used.
    sequence_length: the maximum length of "inputs".

  Returns:
    The dataset with `inputs` and `targets` only.

  Raises:
    DataError: a feature is missing. An answer that is empty or longer than the
      inputs may be fails when it is read.
    UserError: `sequence_length` lacks "inputs".
  """
  del output_features
  require_features("trivia_qa_truncate_inputs", dataset, ["inputs", "targets"])
  if not sequence_length or "inputs" not in sequence_length:
    raise errors.UserError(
        "trivia_qa_truncate_inputs needs the maximum length of 'inputs', but"
        f" sequence_length is {sequence_length!r}."
    )
  length = sequence_length["inputs"]

  @map_over_dataset(num_seeds=1)
  def truncate(example: Mapping[str, Any], seed: tf.Tensor) -> dict[str, Any]:
    inputs, answer = example["inputs"], example["targets"]
    starts = _occurrences(inputs, answer)
    fits, found = tf.size(inputs) <= length, tf.size(starts) > 0
    cut = tf.cond(
        found & ~fits,
        lambda: _random_part(inputs, length, starts[0], tf.size(answer), seed),
        lambda: inputs,
    )
    return {"usable": found | fits, "inputs": cut, "targets": answer}

  usable = truncate(dataset).filter(lambda example: example["usable"])
  return rekey(usable, {"inputs": "inputs", "targets": "targets"})


def _random_part(
    tokens: tf.Tensor, length: int, first: tf.Tensor, size: tf.Tensor, seed: Any
) -> tf.Tensor:
  """A part of `tokens` that holds the `size` of them from `first` on."""
  message = "trivia_qa_truncate_inputs: the answer's length is not 1 to"
  check = tf.debugging.Assert(
      (size > 0) & (size <= length), [message, length, "but", size]
  )
  with tf.control_dependencies([check]):
    start = tf.random.stateless_uniform(
        [],
        seed,
        minval=tf.maximum(0, first + size - length),
        maxval=tf.minimum(first, tf.size(tokens) - length) + 1,
        dtype=tf.int32,
    )
  return tokens[start : start + length]
