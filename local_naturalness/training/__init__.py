"""Exporting rows for trainers, so that a student is trained on exactly the text that was scored."""

from local_naturalness.training.export import FORMS, Form, export
from local_naturalness.training.preview import preview

__all__ = ["FORMS", "Form", "export", "preview"]
