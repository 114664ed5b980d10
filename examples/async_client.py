"""Many digits at once: the server joins concurrent requests into one forward pass. Waits where it is told to.

python examples/async_client.py [URL]
"""

import asyncio
import sys
import time

import httpx


async def digit(client: httpx.AsyncClient, seed: int) -> bytes:
    while True:
        answer = await client.get("/generate", params={"seed": seed})
        if answer.status_code != 503:
            return answer.raise_for_status().content
        await asyncio.sleep(float(answer.headers["Retry-After"]))


async def main(url: str, n: int = 500) -> None:
    async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=32), timeout=httpx.Timeout(60, pool=None)) as client:
        began = time.perf_counter()
        digits = await asyncio.gather(*(digit(client, seed) for seed in range(n)))
        print(f"{n} digits, {sum(map(len, digits)):,} bytes, {n / (time.perf_counter() - began):,.0f} a second")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"))
