"""Score a Parquet file with Ray Data in a process of its own, which a test may kill.

python score_with_ray.py INPUT STORE OUTPUT
"""

import sys
import tempfile

import ray
import ray.data

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path
from local_naturalness.ray import score

if __name__ == "__main__":
    source, store, output = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="ray_", ignore_cleanup_errors=True) as folder:
        ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 << 20, _temp_dir=folder)
        scored = score(
            ray.data.read_parquet(source),
            LocalScorer(student_path(), store=store),
            num_actors=1,
            batch_size=8,
        )
        scored.write_parquet(output, mode="overwrite")
        ray.shutdown()
