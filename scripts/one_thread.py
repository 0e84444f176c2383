"""What a script that measures imports first: the pools of threads of BLAS and OpenMP get one thread each.

They are made when NumPy, SciPy and torch are imported, and read these variables then; who sets one of them is heard.
Rows of environments have threads of their own, which this leaves alone.
"""

import os

for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")
