"""What the world does to messages: some come twice, some late, most a little out of order; what is not acknowledged comes again."""

import asyncio
import random
import time
from dataclasses import dataclass

import httpx

from bench.soak.ways import Parcel

DOUBLED, LATE = 0.10, 0.05
JITTER = 2.0


@dataclass
class Post:
    """Delivers parcels to one door for so many seconds."""

    http: httpx.AsyncClient
    seconds: float
    seed: int

    def __post_init__(self) -> None:
        """Begin with a chance of its own, so that a run can be had again."""
        self.chance = random.Random(self.seed)
        self.answered: list[float] = []

    async def deliver(self, parcel: Parcel) -> None:
        """Deliver a parcel and what comes after it, as the world would."""
        copies = [self._once(parcel, self._delay())]
        if self.chance.random() < DOUBLED:
            copies.append(self._once(parcel, self.chance.choice((0.0, self._delay(), self._delay()))))
        async with asyncio.TaskGroup() as group:
            for copy in copies:
                group.create_task(copy)
            for further in parcel.after:
                group.create_task(self.deliver(further))

    def _delay(self) -> float:
        if self.chance.random() < LATE:
            return self.chance.uniform(5, max(6, min(120, self.seconds / 4)))
        return self.chance.expovariate(1 / JITTER)

    async def _once(self, parcel: Parcel, delay: float) -> None:
        await asyncio.sleep(delay)
        for attempt in range(parcel.tries_at_most):
            parcel.deliveries += 1
            started = time.perf_counter()
            try:
                taken = await parcel.send(self.http)
            except httpx.HTTPError:
                taken = False
            if taken:
                self.answered.append(time.perf_counter() - started)
                parcel.acknowledged = True
                return
            await asyncio.sleep(parcel.pauses[min(attempt, len(parcel.pauses) - 1)])
