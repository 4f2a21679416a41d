"""How many processors there are for this program."""

import os


def available_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: containers and taskset narrow it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
