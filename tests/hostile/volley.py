"""A volley of malformed requests, numbered: the same seed and number make the same request, whatever was sent before it.

Routes and callers take turns, so that each route is asked by each of them; how a request is spoilt is left to the dice.
"""

from dataclasses import dataclass
from random import Random

from tests.hostile.drafts import Draft, World, drafted, prove, settled
from tests.hostile.faults import FAULTS, OF_BODIES
from tests.hostile.operations import Operation, operations
from tests.hostile.wire import WIRE

GARBAGE_EVERY = 25
"""One in so many is no request at all, but bytes that break the framing."""
_HOST = (b"Host", b"127.0.0.1")


@dataclass(frozen=True)
class Shot:
    """One request as bytes. `framed`: whether its framing is right, so that it must get a whole answer."""

    number: int
    door: str
    route: str
    caller: str
    faults: tuple[str, ...]
    said: bytes
    framed: bool = True
    bodiless: bool = False

    def __str__(self) -> str:
        return f"#{self.number} {self.route} as {self.caller}: {', '.join(self.faults)}"


class Volley:
    """Makes the requests of a seed."""

    def __init__(self, seed: int, world: World) -> None:
        self.seed, self.world = seed, world
        self.operations = operations()
        self.callers = list(world.callers)

    def shot(self, number: int) -> Shot:
        """Return request `number`."""
        dice = Random(f"{self.seed} {number}")
        turn, which = divmod(number, len(self.operations))
        operation = self.operations[which]
        caller = self.callers[(turn + which) % len(self.callers)]
        if number % GARBAGE_EVERY == GARBAGE_EVERY - 1:
            return self._garbage(number, operation, dice)
        draft = drafted(operation, self.world, dice)
        chosen = self._chosen(operation, dice)
        for name in chosen:
            FAULTS[name][1](draft, dice)
        settled(draft)
        prove(draft, self.world)
        credential = self.world.callers[caller](dice)
        if credential is not None:
            draft.header("Authorization", credential)
        chunked = bool(draft.body) and dice.random() < 0.1
        return Shot(number, operation.door, str(operation), caller, chosen, _bytes(draft, chunked), bodiless=draft.method == "HEAD")

    def _chosen(self, operation: Operation, dice: Random) -> tuple[str, ...]:
        """Return one to three ways to spoil it, those of bodies where it takes one or, now and then, anyway."""
        wanted = operation.method in ("POST", "PUT", "PATCH") or dice.random() < 0.1
        names = [name for name in FAULTS if wanted or name not in OF_BODIES]
        weights = [FAULTS[name][0] for name in names]
        return tuple(dict.fromkeys(dice.choices(names, weights, k=dice.choice((1, 1, 1, 2, 3)))))

    def _garbage(self, number: int, operation: Operation, dice: Random) -> Shot:
        """Return bytes whose framing is wrong: of the list, noise, or a right request that was spoilt as bytes."""
        what = dice.choice((*WIRE, "spoilt bytes", "spoilt bytes", "spoilt bytes"))
        if what in WIRE:
            said = WIRE[what]
        else:
            draft = drafted(operation, self.world, dice)
            settled(draft)
            bytes_ = bytearray(_bytes(draft, dice.random() < 0.3))
            for _ in range(dice.randint(1, 8)):
                at = dice.randrange(len(bytes_))
                bytes_[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            said = bytes(bytes_)
        return Shot(number, operation.door, "(framing)", "nobody", (what,), said, framed=False)


def _bytes(draft: Draft, chunked: bool) -> bytes:
    """Return a draft as it goes over the wire."""
    target = draft.path.encode("latin-1", "replace") + (b"?" + b"&".join(draft.query) if draft.query else b"")
    head = [draft.method.encode() + b" " + target + b" HTTP/1.1"]
    headers = [one for one in draft.headers if one[0].lower() not in (b"content-length", b"transfer-encoding")]
    if not any(name.lower() == b"host" for name, _ in headers):
        headers.insert(0, _HOST)
    if chunked:
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif draft.body or draft.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"%d" % len(draft.body)))
    head += [name + b": " + value for name, value in headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + (_in_chunks(draft.body) if chunked else draft.body)


def _in_chunks(body: bytes) -> bytes:
    pieces = [body[at : at + 5000] for at in range(0, len(body), 5000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
