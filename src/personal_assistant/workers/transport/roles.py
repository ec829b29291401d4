"""The processes of a distributed assistant, wherever they are started: by systemd, by compose, by a script."""

from personal_assistant.workers.transport.config import CPU_QUEUES, DEFAULT_QUEUE, IO_QUEUES

# What follows `assistant` on the command line. Together the workers serve every queue.
ROLES: dict[str, tuple[str, ...]] = {
    "scheduler": ("scheduler",),
    "worker-io": ("worker", "--queues", ",".join((*IO_QUEUES, DEFAULT_QUEUE))),
    "worker-cpu": ("worker", "--queues", ",".join(CPU_QUEUES)),
}
