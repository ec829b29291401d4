"""Jobs through `celery beat`, a broker and `celery worker`, on both kinds of pool."""

import subprocess
import sys

import pytest
from tests.transport.cluster import Cluster


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_jobs_of_every_kind_run(cluster: Cluster, pool: str) -> None:
    cluster.beat()
    cluster.worker(pool=pool, slots=2)
    sums = [cluster.add("tests.add", number) for number in range(300)]
    doubles = [cluster.add("tests.twice", number) for number in range(30)]
    later = cluster.call("jobs", "run", "tests.add", "--kwargs", '{"first": 40, "second": 2}')
    assert [job.result for job in cluster.ended(*sums)] == [number + 1 for number in range(300)]
    assert [job.result for job in cluster.ended(*doubles)] == [2 * number for number in range(30)]
    assert cluster.ended(later["job"]["id"] if "job" in later else later["id"])[0].result == 42
