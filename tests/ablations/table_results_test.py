"""Tests of t5_mtf.ablations.table_results."""

from __future__ import annotations

import pytest

from t5_mtf import errors
from t5_mtf.ablations import table_results

RESULT = table_results.TableResult(
    table="table_4",
    scale="mini",
    scale_settings={"d_model": 128},
    rows=(
        table_results.RowResult(
            "table_4/bert_style",
            (
                table_results.SeedResult(
                    0,
                    {"mini_squad": {"em": 1.0, "f1": 2.0}},
                    {"mini_squad": 40},
                    {"MiniSQuAD": "run"},
                ),
            ),
        ),
    ),
    runs={
        "run": table_results.RunResult(
            "fine_tuning", "squad", 0, 20, 100, 1e9, 2.5, 1000,
            loss=((20, 5.0), (40, 4.5)), parents=("parent",),
        )
    },
    machine={"cores": 2},
    versions={"tensorflow": "2.15.1"},
    command="t5_mtf ablations run table_4",
    date="2026-11-25T08:00:00",
)  # fmt: skip


def test_what_is_written_is_read_again(tmp_path):
  path = tmp_path / "table_4.json"
  table_results.write(path, RESULT)
  assert table_results.read(path) == RESULT


@pytest.mark.parametrize(
    "text", ["[]", "{}", "not JSON", '{"schema_version": 9}']
)
def test_other_files_are_refused_with_what_they_should_be(tmp_path, text):
  path = tmp_path / "table_4.json"
  path.write_text(text)
  with pytest.raises(errors.DataError, match="table_4.json"):
    table_results.read(path)
