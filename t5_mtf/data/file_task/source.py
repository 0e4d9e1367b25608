"""The rows of a person's files, as the data source of a file task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from t5_mtf import errors
from t5_mtf.data import files, tables
from t5_mtf.data.file_task.spec import FileSpec, RowRules
from t5_mtf.data.sources import TableDataSource


class FileSpecSource(TableDataSource):
  """The rows that a `FileSpec` describes, in splits."""

  def __init__(self, spec: FileSpec, rules: RowRules, hold_out: bool = True):
    """Initializes the source; files are looked at in the first use.

    Args:
      spec: the files and how to read them.
      rules: what is done with each row.
      hold_out: whether the rows of "validation" are taken out of "train", if
        the specification has a fraction for it.
    """
    self._spec = spec
    self._rules = rules
    self._held_out = hold_out and spec.validation_fraction > 0
    patterns = dict(spec.files)
    if self._held_out:
      patterns["validation"] = patterns["train"]
    super().__init__(patterns)
    self._by_name: dict[tuple[str, str], tables.Table] = {}

  @property
  def labels(self) -> tuple[str, ...]:
    """The allowed targets, given or found; often none."""
    return self._spec.labels

  def tables(self, split: str) -> list[tables.Table]:
    """The tables of a split, their columns checked."""
    return [self._table(split, name) for name in self.list_shards(split)]

  def check(self) -> list[str]:
    """Checks every row; returns what was found, in lines for people.

    Raises:
      DataError: a file or a row is malformed, or a split has no rows.
    """
    found: list[str] = []
    for split in self.splits:
      opened = self.tables(split)
      for table in opened:
        found += table.report.lines(table.path)
      if not sum(table.report.rows for table in opened):
        raise self._no_rows(split, opened)
    if self._held_out:
      train, held = map(self.num_input_examples, ("train", "validation"))
      found.append(
          f"validation: {held:,} of {train + held:,} rows"
          f" ({held / (train + held):.1%}), chosen by a hash of their inputs"
      )
    if self.labels and self.splits:
      found.append(f"labels: {', '.join(self.labels)}")
    return list(dict.fromkeys(found))  # both sides of a file find the same

  def _no_rows(
      self, split: str, opened: Sequence[tables.Table]
  ) -> errors.DataError:
    names = ", ".join(table.path for table in opened)
    if sum(table.report.left_out for table in opened):
      return errors.DataError(
          f"{names}: no row is left for {split!r} at validation_fraction ="
          f" {self._spec.validation_fraction}. Choose another fraction."
      )
    skipped = sum(table.report.skipped.total() for table in opened)
    if skipped:
      first = [at for t in opened for at in t.report.first.values()][0]
      return errors.DataError(
          f"{names}: none of the {skipped:,} rows can be used. The first:"
          f" {first}"
      )
    return errors.DataError(f"{names}: the file has no rows.")

  def _table(self, split: str, name: str) -> tables.Table:
    if (split, name) not in self._by_name:  # checked once, it stays checked
      self._by_name[split, name] = self._open(split, name)
    return self._by_name[split, name]

  def _open(self, split: str, name: str) -> tables.Table:
    spec = self._spec
    settings = {"bad_rows": spec.bad_rows, "rule": self._rule(split)}
    files_split = split if split in spec.files else "train"
    if files_split in spec.targets_files:
      partner = self._partners(files_split)[name]
      table: tables.Table = tables.PairedText(name, partner, **settings)
    else:
      file_format = tables.format_of(name, spec.file_format)
      # The objects of JSON lines may have other keys beside those used.
      is_jsonl = file_format == "jsonl"
      table = tables.Table(
          name,
          spec.used_columns if is_jsonl else spec.columns,
          file_format,
          blank_lines=spec.blank_lines,
          **settings,
      )
    self._check_columns(table)
    return table

  def _partners(self, split: str) -> dict[str, str]:
    """Files of inputs -> their files of targets."""
    inputs = self.list_shards(split)
    targets = files.expand(self._spec.targets_files[split])
    if len(inputs) != len(targets):
      raise errors.DataError(
          f"{len(inputs)} files of inputs ({', '.join(inputs):.200}), but"
          f" {len(targets)} of targets ({', '.join(targets):.200}). Sorted by"
          " name they must belong together."
      )
    return dict(zip(inputs, targets, strict=True))

  def _check_columns(self, table: tables.Table) -> None:
    if table.file_format == "jsonl":
      return  # every object is checked for the keys
    for name in self._spec.used_columns:
      if name in table.columns:
        continue
      if table.file_format == "text":
        raise errors.UserError(
            f"{table.path} holds texts only. Give their targets, line by line,"
            " with --train_targets or --eval_targets, or pre-train on them with"
            " --objective=span_corruption."
        )
      raise errors.unknown_name(
          f"column of {table.path}",
          name,
          table.columns,
          "If the file has no header row, name its columns:"
          " --columns=inputs,targets. Other columns are chosen with"
          " --input_template and --target_column.",
      )

  def _rule(self, split: str) -> tables.RowRule:
    def rule(row: Mapping[str, str]) -> Any:
      ruled = self._rules.rule(row)
      if not self._held_out or not isinstance(ruled, Mapping):
        return ruled
      belongs = self._rules.is_held_out(row) == (split == "validation")
      return ruled if belongs else None

    return rule
