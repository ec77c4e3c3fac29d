"""Start the kernel: `python -P -m course.kernel -f CONNECTION_FILE`.

`-P` keeps the lesson's folder out of `sys.path` while the kernel loads, so that a learner's `course.py` cannot take the
place of this package.
"""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

from course.kernel.kernel import SlipwayKernel

if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=SlipwayKernel)
