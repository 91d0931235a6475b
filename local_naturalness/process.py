"""The process in which the package was first imported.

A process that finds another number here was forked from that one, and torch's threads did not follow it
(see `student/forking.py`).
"""

import os

IMPORTED_BY_PROCESS = os.getpid()
