#!/usr/bin/env python3
"""Check files of a daguanjia county's history, with nothing but Python 3.9 or later: no package, no network, no part of the project.

    python3 verify_history.py [--key KEY]... FILE...

Files are what the county hands out, as JSON: the journal of a ticket (`daguanjia export-chain`), the proof that an anchor commits to it
(`GET /v1/complaints/<number>/proof`), anchors (`GET /anchors`, `GET /anchors/<day>`), the proof that one continues another
(`GET /anchors/consistency`), and certificates of struck-off matters (`GET /v1/matters/<id>/certificate`), whose proof is computed anew.
Given together they are also held against each other: a journal against the proof somebody kept, anchors of today against those of last
year. `--key` names a public key (or its key id) as it was printed or told elsewhere; then no other will do. Without it the signatures are
checked with the keys that the files name themselves.

Says for each file what fits, or the first thing that does not; exit code 0 where all fits, 1 otherwise. `daguanjia verify` says the same.
"""

import hashlib
import json
import sys
from datetime import date, datetime, timedelta

# -- Ed25519, RFC 8032: verification only, so nothing here is secret ---------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(packed):
    number = int.from_bytes(packed, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = _x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def _times(number, point):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point, number = _add(point, point), number >> 1
    return found


def _packed(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_x_of(BASE_Y, 0), BASE_Y, 1, _x_of(BASE_Y, 0) * BASE_Y % P)


def signed_by(public, signature, content):
    """Tell whether `signature` is that of the public key over `content`."""
    key = _point(public) if len(public) == 32 and len(signature) == 64 else None
    factor = int.from_bytes(signature[32:], "little")
    if key is None or factor >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + content).digest(), "little") % L
    minus = (P - key[0], key[1], key[2], P - key[3])
    return _packed(_add(_times(factor, BASE), _times(challenge, minus))) == signature[:32]


# -- canonical bytes and trees -----------------------------------------------------------------------------------------------------


def canonical(value):
    """Return the canonical JSON (RFC 8785) of a value without fractions and with ASCII keys."""
    _refuse(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _refuse(value):
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53):
        raise ValueError("a number without a canonical spelling")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse(one)


def _digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(content):
    """Return the hash of a leaf (RFC 9162)."""
    return _digest(b"\x00", content)


def root_of(hashes):
    """Return the root over leaf hashes, by the definition of RFC 9162, 2.1.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else _digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return _digest(b"\x01", root_of(hashes[:split]), root_of(hashes[split:]))


def root_by_inclusion(leaf, index, size, path):
    """Return the root that follows from a leaf and its path (RFC 9162, 2.1.3.2), or None."""
    if not 0 <= index < size:
        return None
    at, last = index, size - 1
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            leaf = _digest(b"\x01", step, leaf)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            leaf = _digest(b"\x01", leaf, step)
        at, last = at >> 1, last >> 1
    return leaf if last == 0 else None


def consistent(first, second, first_root, second_root, path):
    """Tell whether the tree of `first` leaves is the beginning of that of `second` (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _digest(b"\x01", step, old), _digest(b"\x01", step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _digest(b"\x01", new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


# -- what is checked -----------------------------------------------------------------------------------------------------------------

SIGNED = ("closed_at", "day", "form", "jurisdiction", "key_id", "leaves", "log_root", "number", "previous", "root")
UNREADABLE = "it cannot be read as a journal, a proof or anchors"


class BrokenError(Exception):
    """What does not fit, as a sentence."""


def statement(anchor):
    """Return the bytes the signature of an anchor is over."""
    return canonical({name: anchor[name] for name in SIGNED})


def check_anchor(anchor, keys, named):
    """Check the signature of an anchor."""
    check_signed(f"anchor {anchor['day']}", anchor["key_id"], {"keys": keys, "signature": anchor["signature"]}, named, statement(anchor))


def check_signed(name, key_id, document, named, content):
    """Check that `content` was signed by its key, and that this is one that may."""
    public = next((bytes.fromhex(key["public_key"]) for key in document["keys"] if key["key_id"] == key_id), None)
    if public is None or hashlib.sha256(public).hexdigest()[:16] != key_id:
        raise BrokenError(f"{name}: its key {key_id} is not among the keys")
    if named and not {key_id, public.hex()} & named:
        raise BrokenError(f"{name}: its key {key_id} is not one that was named")
    if not signed_by(public, bytes.fromhex(document["signature"]), content):
        raise BrokenError(f"{name}: its signature is not that of key {key_id}")


def check_continued(before, anchor):
    """Check that an anchor continues the one before it, which may be None: then it is the first of all."""
    day = anchor["day"]
    expected = before["number"] + 1 if before else 0
    if anchor["number"] != expected:
        raise BrokenError(f"anchor {day}: its number is {anchor['number']} and not {expected}; an anchor before it is missing")
    follows = before is None or date.fromisoformat(before["day"]) + timedelta(days=1) == date.fromisoformat(day)
    previous = hashlib.sha256(statement(before)).hexdigest() if before else ""
    if not follows or anchor["previous"] != previous:
        raise BrokenError(f"anchor {day}: it does not continue the anchor before it")


def check_chain(document, _named):
    """Check a journal: every event fits its hash and the event before it."""
    subject, events = f"{document['subject_kind']} {document['subject_id']}", document["events"]
    previous = b""
    if not events:
        raise ValueError("no events")
    for expected, event in enumerate(events, 1):
        content, where = event["content"], f"{subject} seq {expected}"
        if content["seq"] > expected:
            raise BrokenError(f"{where}: it is missing")
        if content["seq"] < expected:
            raise BrokenError(f"{where}: another event stands in its place, which says it is {content['seq']}")
        if content["subject_id"] != document["subject_id"]:
            raise BrokenError(f"{where}: it belongs to another subject")
        if event["previous_hash"] != previous.hex():
            raise BrokenError(f"{where}: it does not continue the event before it")
        told = canonical(content)
        previous = _digest(len(previous).to_bytes(8, "big"), previous, len(told).to_bytes(8, "big"), told)
        if event["hash"] != previous.hex():
            raise BrokenError(f"{where}: its content does not fit its hash")
    return f"{subject}: {len(events)} events, each fits; the last has the hash {previous.hex()}"


def check_proof(document, named):
    """Check that an anchor commits to a journal."""
    leaf, anchor = document["leaf"], document["anchor"]
    check_anchor(anchor, document["keys"], named)
    where = f"{leaf['subject_kind']} {leaf['subject_id']} seq {leaf['seq']}"
    head = canonical({name: leaf[name] for name in ("hash", "seq", "subject_id", "subject_kind")})
    path = [bytes.fromhex(step) for step in document["path"]]
    found = root_by_inclusion(leaf_hash(head), document["index"], anchor["leaves"], path)
    if found is None or found.hex() != anchor["root"]:
        raise BrokenError(f"{where}: the proof does not lead to the root of {anchor['day']}")
    return f"{where}: in the anchor of {anchor['day']}, signed by key {anchor['key_id']}, with the hash {leaf['hash']}"


def check_one(document, named):
    """Check a single anchor."""
    anchor = document["anchor"]
    check_anchor(anchor, document["keys"], named)
    return f"anchor {anchor['day']}: signed by key {anchor['key_id']}"


def check_list(document, named):
    """Check a run of anchors: each is signed and continues the one before; from the first of all on, the log's roots too."""
    anchors = sorted(document["items"], key=lambda one: one["number"])
    if not anchors:
        raise ValueError("no anchors")
    whole, log = anchors[0]["number"] == 0, []
    for before, anchor in zip([None, *anchors], anchors):  # noqa: B905  Python 3.9
        check_anchor(anchor, document["keys"], named)
        if before or whole:
            check_continued(before, anchor)
        log.append(leaf_hash(canonical({name: anchor[name] for name in ("day", "leaves", "number", "root")})))
        if whole and root_of(log).hex() != anchor["log_root"]:
            raise BrokenError(f"anchor {anchor['day']}: its log root does not fit the days up to it")
    return f"anchors {anchors[0]['day']} to {anchors[-1]['day']}: {len(anchors)}, each signed and continued"


def check_consistency(document, named):
    """Check that a later anchor's log continues an earlier one's."""
    first, second = document["first"], document["second"]
    for anchor in (first, second):
        check_anchor(anchor, document["keys"], named)
    roots = [bytes.fromhex(anchor["log_root"]) for anchor in (first, second)]
    path = [bytes.fromhex(step) for step in document["path"]]
    if not consistent(first["number"] + 1, second["number"] + 1, *roots, path):
        raise BrokenError(f"anchor {second['day']}: its log does not continue that of {first['day']}")
    return f"anchor {second['day']}: its log continues that of {first['day']}"


def lacking(facts):
    """Return what the facts of a certificate say that the matter lacked when it was struck off, in sentences."""
    if not facts["completions"]:
        return ["nobody reported the work complete"]
    first, done, newest = facts["completions"][0]["at"], facts["completions"][-1], {}
    for word in sorted(facts["words"], key=lambda one: (one["at"], one["id"])):
        newest.update({word["household"]: word} if word["at"] > first else {})
    agreed = {home for home, word in newest.items() if word["solved"] is True}
    heard = agreed | {home for home, word in newest.items() if word["answered"] is not None}
    passed = [site for site in facts["sites"] if site["passed"] is True]
    reach, end = facts["segment"] or (0, 0)
    for site in sorted((one for one in passed if one["from_m"] is not None), key=lambda one: one["from_m"]):
        reach = max(reach, site["to_m"]) if site["from_m"] <= reach else reach
    noted = {one["level"] for one in facts["notes"] if one["at"] > done["at"] and one["day"] >= done["day"]} & set(facts["supervisors"])
    tasks, homes, objections = facts["tasks"], facts["rules"]["households"], facts["objections"]
    asked = (
        (any(one["of_round"] for one in tasks) and all(one["accepted"] for one in tasks), "a sub-task was not accepted, or there was none"),
        (passed and all(one["before"] and one["after"] and one["passed"] is True for one in facts["sites"]),
         "a site lacked pictures or an inspection, or there was none"),
        (reach >= end, "metres of the segment were not inspected"),
        (not facts["blockers"], "something stood in the way"),
        (all(one["done"] is True for one in facts["milestones"]), "a milestone was not reached"),
        (facts["money"] == [0, 0] and facts["labour"] == 0, "money or labour did not balance"),
        (len(noted) == 3, "a supervisor of the three levels left no note after the work was reported complete"),
        (all(one["household"] in heard or one["because"] is not None or one["household"] == 0 for one in facts["tellers"]),
         "somebody who told it was not asked, and no reason says why"),
        (sum(home > 0 for home in agreed) >= homes or facts["few_households"] is not None,
         "fewer households than asked for said that it was solved"),
        (all(home in heard or home == 0 or word["at"] <= done["at"] for home, word in newest.items()),
         "a household said that it was not solved, and was not answered"),
        (all(one["upheld"] is not None for one in objections), "an objection was not decided"),
        (all(not one["upheld"] or one["decided_at"] < done["at"] for one in objections),
         "an objection was upheld, and the work not reported complete anew"),
        (any(one["at"] > done["at"] and one["ends_on"] < facts["day"] for one in facts["notices"]),
         "its notice was not opened, or its days were not over"),
    )  # fmt: skip
    return [sentence for holds, sentence in asked if not holds]


def check_certificate(document, named):
    """Check a certificate of striking off: its id, its signature, and that its own facts prove it."""
    content, signed, name = document["content"], document["signed"], f"certificate {document['id']}"
    if hashlib.sha256(canonical(content)).hexdigest() != document["id"]:
        raise BrokenError(f"{name}: its content does not fit its id")
    if signed["certificate"] != document["id"]:
        raise BrokenError(f"{name}: what was signed is another certificate")
    check_signed(name, signed["key_id"], document, named, canonical(signed))
    struck_off = datetime.strptime(content["struck_off_at"], "%Y-%m-%dT%H:%M:%S.%fZ") + timedelta(hours=8)  # noqa: DTZ007  in UTC
    if str(struck_off.date()) != content["facts"]["day"]:
        raise BrokenError(f"{name}: its facts are of another day than it was struck off on")
    for sentence in lacking(content["facts"]):
        raise BrokenError(f"{name}: {sentence}")
    return f"{name}: {content['number']} round {content['round']} was complete on {content['facts']['day']}; signed by {signed['key_id']}"


CHECKS = {
    "daguanjia.certificate@1": check_certificate,
    "daguanjia.chain@1": check_chain,
    "daguanjia.proof@1": check_proof,
    "daguanjia.signed-anchor@1": check_one,
    "daguanjia.anchors@1": check_list,
    "daguanjia.consistency@1": check_consistency,
}
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def check(document, named):
    """Return whether a file fits, and the sentence that says so."""
    try:
        return True, CHECKS[document["form"]](document, named)
    except BrokenError as broken:
        return False, str(broken)
    except MALFORMED:
        return False, UNREADABLE


def anchors_in(document):
    """Return the anchors of a file."""
    if document["form"] == "daguanjia.anchors@1":
        return document["items"]
    return [document[name] for name in ("anchor", "first", "second") if document["form"] != "daguanjia.chain@1" and name in document]


def across(documents):
    """Return what does not fit between files that fit by themselves."""
    broken, known = [], {}
    anchors = [one for document in documents for one in anchors_in(document)]
    broken += [
        f"anchor {anchor['day']}: two different ones were given"
        for anchor in anchors
        if known.setdefault(anchor["number"], anchor) != anchor
    ]
    for number in sorted(known):
        if number - 1 in known:
            try:
                check_continued(known[number - 1], known[number])
            except BrokenError as found:
                broken.append(str(found))
    chains = {document["subject_id"]: document for document in documents if document["form"] == "daguanjia.chain@1"}
    for proof in (document for document in documents if document["form"] == "daguanjia.proof@1"):
        leaf, day = proof["leaf"], proof["anchor"]["day"]
        events = chains[leaf["subject_id"]]["events"] if leaf["subject_id"] in chains else None
        where = f"{leaf['subject_kind']} {leaf['subject_id']} seq"
        if events is not None and len(events) < leaf["seq"]:
            broken.append(f"{where} {len(events) + 1}: it is missing; the anchor of {day} has {leaf['seq']} events")
        elif events is not None and events[leaf["seq"] - 1]["hash"] != leaf["hash"]:
            broken.append(f"{where} {leaf['seq']}: it is not the event that was anchored on {day}")
    rounds = {}
    for one in (document for document in documents if document["form"] == "daguanjia.certificate@1"):
        content, head = one["content"], one["content"]["journal"]
        if rounds.setdefault((content["matter"], content["round"]), one["id"]) != one["id"]:
            broken.append(f"certificate {one['id']}: another one was given of the same round")
        events = chains[head["subject_id"]]["events"] if head["subject_id"] in chains else None
        if events is not None and (len(events) < head["seq"] or events[head["seq"] - 1]["hash"] != head["hash"]):
            broken.append(f"certificate {one['id']}: the journal is not the one it was issued on")
    return list(dict.fromkeys(broken))


def _never(text):
    raise ValueError(text)


def read(path):
    """Return the JSON of a file; None where it is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return json.loads(file.read().decode("utf-8-sig"), parse_constant=_never)
    except (ValueError, RecursionError):
        return None


def main(arguments):
    """Check the files named on the command line; return the exit code."""
    names, named, waiting = [], set(), iter(arguments)
    for argument in waiting:
        if argument == "--key":
            named.add(next(waiting, "").lower())
        else:
            names.append(argument)
    if not names or names[0] in ("-h", "--help"):
        sys.stdout.write(__doc__ + "\n")
        return 2
    fits, sound = True, []
    for name in names:
        try:
            document = read(name)
        except OSError as error:
            sys.stdout.write(f"{name}: {error.strerror}\n")
            return 2
        good, sentence = check(document, named)
        fits = fits and good
        sound += [document] if good else []
        sys.stdout.write(f"{name}: {'ok' if good else 'BROKEN'}: {sentence}\n")
    for sentence in across(sound):
        fits = False
        sys.stdout.write(f"together: BROKEN: {sentence}\n")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
