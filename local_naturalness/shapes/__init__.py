"""Common shapes of datasets with prompts and responses, and their conversion to rows that scorers read.

>>> from datasets import Dataset
>>> from local_naturalness.shapes import to_rows
>>> wide = Dataset.from_dict({"prompt": ["2 + 3?"], "small": ["5."], "large": ["2 + 3 = 5."]})
>>> to_rows(wide, teacher_columns=["small", "large"]).to_dict()
{'prompt': ['2 + 3?', '2 + 3?'], 'teacher': ['small', 'large'], 'response': ['5.', '2 + 3 = 5.']}
"""

from local_naturalness.shapes.explode import explode
from local_naturalness.shapes.recognise import recognise
from local_naturalness.shapes.shape import SHAPES, Shape
from local_naturalness.shapes.to_rows import to_rows

__all__ = ["SHAPES", "Shape", "explode", "recognise", "to_rows"]
