"""The process in which the package was first imported.

If the number differs from that of the current process, this process was forked. Torch's threads do not
survive a fork (see `student/forking.py`).
"""

import os

IMPORTED_BY_PROCESS = os.getpid()
