"""How long scoring would take on other GPUs, from their data sheets."""

# Dense products of bfloat16 matrices, 10^12 operations a second, as the makers' data sheets tell them (where
# a sheet tells the rate with sparsity only, half of it). H100, H200 and B200: the SXM modules.
TFLOPS = {
    "a10": 125,
    "a100": 312,
    "b200": 2250,
    "h100": 989,
    "h100-nvl": 835,
    "h100-pcie": 756,
    "h200": 989,
    "l4": 121,
    "l40s": 362,
    "mi300x": 1307,
}
# Of that rate, assumed: passes over long sequences reach about as much in well-kept libraries.
ASSUMED_SHARE = 0.4


def hours(operations: float, num_gpus: int, tflops: float) -> float:
    """Hours that a number of GPUs need if they are always busy.

    Args:
        operations: floating-point operations.
        num_gpus: that share them.
        tflops: rate of one, in 10^12 operations a second.

    >>> hours(64 * 3600 * 400e12, num_gpus=64, tflops=1000)
    1.0
    """
    return operations / (num_gpus * tflops * 1e12 * ASSUMED_SHARE) / 3600
