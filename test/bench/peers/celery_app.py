"""A Celery app with one task that does nothing, on Redis as broker and result backend."""

import os

from celery import Celery

url = os.environ["BENCH_REDIS_URL"]
app = Celery("bench", broker=url, backend=url)
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    # Results are kept for a day by default; nobody asks for these later.
    result_expires=3600,
    broker_pool_limit=20,
    # Nobody listens to Celery's own events here.
    worker_send_task_events=False,
    task_send_sent_event=False,
)


@app.task(name="echo")
def echo(n):
    return {"n": n}
