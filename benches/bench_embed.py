"""Texts to vectors from an endpoint with a fixed latency: text_embeddings, a sequential client, an asynchronous one.

usage: bench_embed.py [TEXTS]     (REVIEWPRO_DSN names a database on a server that has the extension reviewpro_embed)

The endpoint runs in a process of its own on this machine. All clients send the same requests: batches of 100 texts, 10 at once
where they can, vectors in base64.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import psycopg
from bench import Contender, compare, connect
from record import record

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "embed"))

BATCH, CONCURRENCY, DIMENSIONS = 100, 10, 1536
TEXTS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
LATENCY_SECONDS = 0.2
ROUNDS = 5
MODEL = "bench"


def serve(pipe: multiprocessing.connection.Connection) -> None:
    """The endpoint: a reply is made once and sent again and again, so that what is measured are the clients."""
    from endpoint import Handler, Server, running

    cached: dict[int, bytes] = {}
    vector = base64.b64encode(np.linspace(-1, 1, DIMENSIONS, dtype="<f4").tobytes()).decode()

    def answer(handler: Handler, request: dict[str, object]) -> bool:
        count = len(request["input"])
        if count not in cached:
            data = [{"object": "embedding", "index": i, "embedding": vector} for i in range(count)]
            usage = {"prompt_tokens": count, "total_tokens": count}
            cached[count] = json.dumps({"object": "list", "data": data, "model": MODEL, "usage": usage}).encode()
        handler.send(cached[count])
        return True

    with running() as endpoint:
        assert isinstance(endpoint.server, Server)
        endpoint.always, endpoint.latency = answer, LATENCY_SECONDS
        pipe.send(endpoint.url)
        pipe.recv()


def batches(texts: list[str]) -> list[dict[str, object]]:
    return [
        {"model": MODEL, "input": texts[i : i + BATCH], "encoding_format": "base64"}
        for i in range(0, len(texts), BATCH)
    ]


def vectors(reply: httpx.Response) -> list[np.ndarray]:
    data = sorted(reply.raise_for_status().json()["data"], key=lambda item: item["index"])
    return [np.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in data]


def sequential(url: str, texts: list[str]) -> int:
    with httpx.Client(trust_env=False) as client:
        return sum(len(vectors(client.post(url, json=body))) for body in batches(texts))


def asynchronous(url: str, texts: list[str]) -> int:
    async def all_of_them() -> int:
        gate = asyncio.Semaphore(CONCURRENCY)
        async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=CONCURRENCY)) as client:

            async def one(body: dict[str, object]) -> int:
                async with gate:
                    return len(vectors(await client.post(url, json=body)))

            return sum(await asyncio.gather(*map(one, batches(texts))))

    return asyncio.run(all_of_them())


def ours(connection: psycopg.Connection, texts: list[str]) -> int:
    query = "SELECT count(*) FROM text_embeddings(%s, %s) WHERE cardinality(embedding) = %s"
    return connection.execute(query, [texts, MODEL, DIMENSIONS]).fetchone()[0]


def backend_cpu(connection: psycopg.Connection) -> float:
    """Seconds of processor time of the session's process, from the kernel's counts."""
    fields = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = here.recv()
    connection = connect()
    connection.execute("CREATE EXTENSION IF NOT EXISTS reviewpro_embed")
    for name, value in {
        "endpoint": url,
        "allowed_networks": "127.0.0.1",
        "concurrency": CONCURRENCY,
        "max_inputs": BATCH,
        "cache": "off",
    }.items():
        connection.execute("SELECT set_config(%s, %s, false)", [f"reviewpro_embed.{name}", str(value)])
    texts = [
        f"Rule: B{i}\nFile type: py\nDescription: Use of a function that is possibly insecure, {i}."
        for i in range(TEXTS)
    ]
    contenders = [
        Contender("sequential client (httpx)", lambda: sequential(url, texts)),
        Contender("asynchronous client (httpx)", lambda: asynchronous(url, texts)),
        Contender("text_embeddings", lambda: ours(connection, texts)),
    ]
    compare(contenders, ROUNDS)
    first, second, third = contenders
    print(
        f"{TEXTS} texts, {DIMENSIONS} dimensions, {LATENCY_SECONDS} s a reply, {CONCURRENCY} requests at once of {BATCH} texts"
    )
    for contender in contenders:
        print(f"{contender.name:30} {contender.median:7.3f} s  {TEXTS / contender.median:8.0f} texts/s")
    print(
        f"against the sequential client {first.median / third.median:.1f}x, against the asynchronous one {second.median / third.median:.2f}x"
    )
    record("embed against a sequential client", first.median, third.median)
    record("embed against an asynchronous client", second.median, third.median)
    before = own_cpu()
    asynchronous(url, texts)
    theirs = own_cpu() - before
    before = backend_cpu(connection)
    repeats = 5
    for _ in range(repeats):
        ours(connection, texts)
    mine = (backend_cpu(connection) - before) / repeats
    print(f"processor time a text: ours {1e6 * mine / TEXTS:.0f} us, asynchronous client {1e6 * theirs / TEXTS:.0f} us")
    body = len(json.dumps(batches(texts)[0]).encode()) / BATCH
    reply = len(httpx.post(url, json=batches(texts)[0], trust_env=False).content) / BATCH
    print(
        f"bytes a text: {body:.0f} sent, {reply:.0f} received in base64; as numbers it would be about {DIMENSIONS * 12}"
    )
    here.send("end")
    started = time.monotonic()
    server.join(5)
    assert time.monotonic() - started < 5


if __name__ == "__main__":
    main()
