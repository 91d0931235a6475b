"""`python -m local_naturalness` is `local-naturalness`."""

import sys

from local_naturalness.cli import main

sys.exit(main())
