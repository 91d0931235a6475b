"""How long scoring would take on other GPUs, from their data sheets."""

# Dense products of bfloat16 matrices, 10^12 operations a second, from the makers' pages and sheets. Where
# these tell the rate for sparse matrices, it is half of that. H100, H200 and B200: the SXM modules.
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
