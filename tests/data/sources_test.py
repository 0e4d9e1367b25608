"""Tests of t5_mtf.data.sources."""

from __future__ import annotations

import gzip
import time

import pytest
import tensorflow as tf

from t5_mtf import data, errors


def _values(dataset) -> list:
  return list(dataset.as_numpy_iterator())


@pytest.fixture
def files(tmp_path):
  for i in range(4):
    lines = "".join(f"{i}-{j}\tx{j}\n" for j in range(3))
    (tmp_path / f"part-{i}.tsv").write_text("inputs\ttargets\n" + lines)
  return tmp_path


def test_table_source_gives_dicts_of_strings(files):
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})
  examples = _values(source.get_dataset("train", shuffle=False))
  assert examples[0] == {"inputs": b"0-0", "targets": b"x0"}
  assert [e["inputs"] for e in examples] == [
      f"{i}-{j}".encode() for i in range(4) for j in range(3)
  ]
  assert source.num_input_examples("train") == 12
  assert len(source.list_shards("train")) == 4


def test_table_source_works_in_a_graph(files):
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})
  with tf.Graph().as_default():
    dataset = source.get_dataset("train", shuffle=False)
    iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
    example = iterator.get_next()
    with tf.compat.v1.Session() as session:
      session.run(iterator.initializer)
      assert session.run(example) == {"inputs": b"0-0", "targets": b"x0"}


def test_malformed_row_is_an_error_before_the_dataset_is_built(files):
  with open(files / "part-2.tsv", "a") as f:
    f.write("one field\n")
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})
  with tf.Graph().as_default():
    with pytest.raises(errors.DataError, match=r"part-2\.tsv:5: 1 fields"):
      source.get_dataset("train")


def test_files_of_a_split_must_have_the_same_columns(files):
  (files / "part-9.tsv").write_text("inputs\tlabel\n1\t2\n")
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})
  with pytest.raises(errors.DataError, match=r"part-9\.tsv has the columns"):
    source.get_dataset("train")


@pytest.mark.parametrize("num_shards", [1, 2, 3, 4, 5])
def test_shards_cover_each_example_exactly_once(files, num_shards):
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})
  found = []
  for index in range(num_shards):
    shard = data.ShardInfo(index, num_shards)
    found += _values(source.get_dataset("train", seed=3, shard_info=shard))
  names = sorted(example["inputs"] for example in found)
  assert names == sorted(set(names))
  assert len(names) == 12


def test_same_seed_gives_same_file_order(files):
  source = data.TableDataSource({"train": str(files / "part-*.tsv")})

  def order(seed):
    dataset = source.get_dataset("train", seed=seed, num_epochs=2)
    return [example["inputs"] for example in _values(dataset)]

  assert order(1) == order(1)
  assert len({tuple(order(seed)) for seed in range(6)}) > 1
  assert order(1)[:12] != order(1)[12:] or order(2)[:12] != order(2)[12:]


def test_epochs_repeat_and_none_is_for_ever(files):
  source = data.TableDataSource({"train": str(files / "part-0.tsv")})
  assert len(_values(source.get_dataset("train", num_epochs=3))) == 9
  forever = source.get_dataset("train", num_epochs=None)
  assert len(_values(forever.take(20))) == 20


def test_text_lines_are_plain_strings(tmp_path):
  (tmp_path / "a.txt").write_text("head\none\ntwo\n")
  (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"head\nthree\n"))
  source = data.TextLineDataSource(
      {"train": [str(tmp_path / "a.txt"), str(tmp_path / "b.*")]},
      skip_header_lines=1,
  )
  dataset = source.get_dataset("train", shuffle=False)
  assert _values(dataset) == [b"one", b"two", b"three"]
  assert source.num_input_examples("train") == 3


def test_tf_examples_are_parsed(tmp_path):
  path = str(tmp_path / "a.tfrecord")
  with tf.io.TFRecordWriter(path) as writer:
    for i in range(2):
      feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))
      features = tf.train.Features(feature={"n": feature})
      writer.write(tf.train.Example(features=features).SerializeToString())
  source = data.TFExampleDataSource(
      {"train": path}, {"n": tf.io.FixedLenFeature([], tf.int64)}
  )
  assert _values(source.get_dataset("train")) == [{"n": 0}, {"n": 1}]
  assert source.num_input_examples("train") is None


def test_function_source_passes_split_shuffle_and_seed():
  calls = []

  def dataset_fn(split, shuffle_files, seed=None):
    calls.append((split, shuffle_files, seed))
    return tf.data.Dataset.range(5)

  source = data.FunctionDataSource(dataset_fn, ["train"], {"train": 5})
  dataset = source.get_dataset("train", seed=4, num_epochs=2)
  assert _values(dataset) == 2 * [0, 1, 2, 3, 4]
  assert calls == [("train", True, 4)]
  assert source.num_input_examples("train") == 5


def test_unknown_split_names_those_present(files):
  source = data.TableDataSource({"train": "x", "validation": "y"})
  with pytest.raises(errors.UnknownNameError, match="train, validation"):
    source.get_dataset("test")


def test_pattern_without_match_is_named(tmp_path):
  pattern = str(tmp_path / "none-*.tsv")
  source = data.TableDataSource({"train": pattern})
  with pytest.raises(errors.DataError, match=r"none-\*\.tsv"):
    source.get_dataset("train")


def test_pattern_for_no_split_is_refused():
  with pytest.raises(errors.UserError, match="must be a dict"):
    data.TextLineDataSource("train.txt")


def test_shard_index_is_checked():
  with pytest.raises(errors.UserError, match="shard index 2"):
    data.ShardInfo(2, 2)


def test_tfds_source_reads_a_prepared_data_set(tmp_path):
  import tensorflow_datasets as tfds

  folder = tmp_path / "tiny_pairs" / "1.0.0"
  folder.mkdir(parents=True)
  features = tfds.features.FeaturesDict({"text": tfds.features.Text()})
  splits = []
  for split, count in ("train", 6), ("test", 2):
    path = folder / f"tiny_pairs-{split}.tfrecord-00000-of-00001"
    with tf.io.TFRecordWriter(str(path)) as writer:
      for i in range(count):
        writer.write(features.serialize_example({"text": f"text {i}"}))
    splits.append(
        tfds.core.SplitInfo(
            name=split,
            shard_lengths=[count],
            num_bytes=0,
            filename_template=tfds.core.ShardedFileTemplate(
                data_dir=folder,
                dataset_name="tiny_pairs",
                split=split,
                filetype_suffix="tfrecord",
            ),
        )
    )
  tfds.folder_dataset.write_metadata(
      data_dir=folder, features=features, split_infos=splits
  )
  source = data.TfdsDataSource("tiny_pairs:1.0.0", tfds_data_dir=str(tmp_path))
  assert sorted(source.splits) == ["test", "train"]
  assert source.num_input_examples("train") == 6
  texts = {e["text"] for e in _values(source.get_dataset("train", seed=1))}
  assert texts == {f"text {i}".encode() for i in range(6)}
  part = data.TfdsDataSource(
      "tiny_pairs:1.0.0", str(tmp_path), splits={"validation": "train[:50%]"}
  )
  assert part.splits == ["validation"]
  assert part.num_input_examples("validation") == 3


def test_tfds_set_that_is_missing_says_what_to_run_and_where_it_goes(tmp_path):
  source = data.TfdsDataSource("glue/cola:1.0.0", str(tmp_path))
  source._builder.url_infos.clear()  # no host to ask
  source._builder.url_infos["https://nowhere.invalid/a"] = _UrlInfo(3_000_000)
  start = time.monotonic()
  with pytest.raises(errors.DataError) as error:
    source.get_dataset("train") if source.splits else None
  assert time.monotonic() - start < 20
  assert f"--data_dir={tmp_path}" in str(error.value)
  assert "tfds build glue/cola:" in str(error.value)
  assert "nowhere.invalid" in str(error.value)
  assert "at most 3 MB" in str(error.value)


class _UrlInfo:

  def __init__(self, size):
    self.size = size


def test_tfds_name_needs_a_version():
  with pytest.raises(errors.UserError, match="must contain a version"):
    data.TfdsDataSource("glue/cola")


def test_given_number_of_examples_serves_where_tfds_has_no_data(tmp_path):
  source = data.TfdsDataSource(
      "glue/cola:1.0.0", str(tmp_path), ["train"], {"train": 8551}
  )
  assert source.num_input_examples("train") == 8551


def test_several_files_are_read_in_turns_as_published(tmp_path):
  for i in range(3):
    lines = "".join(f"{i}.{j}\n" for j in range(20))
    (tmp_path / f"{i}.txt").write_text(lines)
  source = data.TextLineDataSource({"train": str(tmp_path / "*.txt")})
  found = _values(source.get_dataset("train", shuffle=False))
  assert found[15:17] == [b"0.15", b"1.0"]
  assert found[48] == b"0.16"


@pytest.mark.parametrize("num_shards", [1, 2, 3, 4, 6])
def test_files_are_dealt_to_shards(tmp_path, num_shards):
  for i in range(3):
    (tmp_path / f"{i}.txt").write_text(f"{i}a\n{i}b\n")
  source = data.TextLineDataSource({"train": str(tmp_path / "*.txt")})
  parts = [
      _values(
          source.get_dataset(
              "train", seed=1, shard_info=data.ShardInfo(index, num_shards)
          )
      )
      for index in range(num_shards)
  ]
  assert sorted(sum(parts, [])) == [b"0a", b"0b", b"1a", b"1b", b"2a", b"2b"]
  if num_shards == 3:
    assert sorted(parts[1]) == [b"1a", b"1b"]


def test_own_reader_reads_files(tmp_path):
  (tmp_path / "a.txt").write_text("x\ny\n")
  source = data.FileDataSource(
      tf.data.TextLineDataset, {"train": str(tmp_path / "a.txt")}
  )
  assert _values(source.get_dataset()) == [b"x", b"y"]


def test_unknown_tfds_name_is_named(tmp_path):
  source = data.TfdsDataSource("no_such_set_at_all:1.0.0", str(tmp_path))
  with pytest.raises(errors.DataError, match="no_such_set_at_all"):
    source.get_dataset("train")
