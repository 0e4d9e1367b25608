"""A person's own files as a task.

spec     what the person says about the files, and what follows for a row
metrics  metrics by name, and how they read an answer
source   the rows, checked
task     the task `file_task` over them
"""

from __future__ import annotations

from t5_mtf.data.file_task.spec import FileSpec, template_columns
from t5_mtf.data.file_task.task import NAME, register_file_task

__all__ = ["NAME", "FileSpec", "register_file_task", "template_columns"]
