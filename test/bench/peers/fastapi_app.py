"""The pattern that web backends in Python have: enqueue by a POST, and a GET that clients poll."""

from celery.result import AsyncResult
from celery_app import app as celery, echo
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class EchoInput(BaseModel):
    n: int


# In the event loop, though `delay` and `state` wait for Redis: on the same machine that takes less than handing them
# to a thread, which FastAPI does with functions that aren't `async`.
@app.post("/echo")
async def enqueue(body: EchoInput):
    return {"task_id": echo.delay(body.n).id}


@app.get("/task-status/{task_id}")
async def status(task_id: str):
    result = AsyncResult(task_id, app=celery)
    state = result.state
    return {"task_id": task_id, "status": state, "result": result.result if state == "SUCCESS" else None}
