"""Makes forked workers safe: torch threads and CUDA must not be inherited from the parent."""

import os

import torch

from local_naturalness.process import IMPORTED_BY_PROCESS


def make_safe_after_fork(device: str) -> None:
    """Keep a forked worker from hanging or crashing. In the process that imported the package, do nothing.

    Raises:
        RuntimeError: CUDA was used in the parent, and this process needs it too.
    """
    if os.getpid() == IMPORTED_BY_PROCESS:
        return
    if device.startswith("cuda") and torch.cuda._is_in_bad_fork():
        raise RuntimeError(
            "CUDA was used in the parent process and this worker was forked from it, which CUDA does not "
            "allow. Put `multiprocess.set_start_method('spawn')` under `if __name__ == '__main__':` before "
            "`map(..., num_proc=...)`, or score in the main process alone."
        )
    # The parent's compute threads do not exist here, so waiting for them would never end.
    torch.set_num_threads(1)
