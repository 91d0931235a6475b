"""How long scoring would take on other GPUs, from their data sheets."""

# 10^12 operations per second for products of dense bfloat16 matrices, from the makers' pages and data sheets.
# Where a source gives the rate for sparse matrices, half of it is used. H100, H200 and B200 are SXM modules.
TFLOPS = {
    "a10": 125,  # nvidia.com/content/dam/en-zz/Solutions/Data-Center/a10/pdf/a10-datasheet.pdf
    "a100": 312,  # nvidia.com/en-us/data-center/a100
    "b200": 2250,  # nvdam.widen.net/s/wwnsxrhm2w/blackwell-datasheet-3384703
    "h100": 989,  # nvidia.com/en-us/data-center/h100: 1,979 sparse
    "h100-nvl": 835,  # same page: 1,671 sparse
    "h100-pcie": 756,  # resources.nvidia.com/en-us-tensor-core/nvidia-tensor-core-gpu-datasheet: 1,513 sparse
    "h200": 989,  # nvidia.com/en-us/data-center/h200: 1,979 sparse
    "l4": 121,  # resources.nvidia.com/en-us-l4/l4-datasheet: 242 sparse
    "l40s": 362,  # resources.nvidia.com/en-us-l40s/l40s-datasheet-28413: 733 sparse
    "mi300x": 1307,  # amd.com/en/products/accelerators/instinct/mi300/mi300x.html
}
# Assumed share of that rate. Well-optimised libraries reach about this share on long sequences.
ASSUMED_SHARE = 0.4


def hours(operations: float, num_gpus: int, tflops: float) -> float:
    """Hours that a number of GPUs need if they are always busy.

    Args:
        operations: floating-point operations.
        num_gpus: number of GPUs that share them.
        tflops: rate of one GPU, in 10^12 operations per second.

    >>> hours(64 * 3600 * 400e12, num_gpus=64, tflops=1000)
    1.0
    """
    return operations / (num_gpus * tflops * 1e12 * ASSUMED_SHARE) / 3600
