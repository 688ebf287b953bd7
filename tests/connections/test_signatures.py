"""Signatures: every vector of Standard Webhooks, what we sign under the eyes of its library, and the hex kind others use."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.connections.signatures import STANDARD, NotGenuine, SignatureOptions, key_of, new_secret, signed_headers, verify
from services.platform import clock

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/standard_webhooks.json").read_text(encoding="utf-8"))["vectors"]
HEX = SignatureOptions(scheme="hmac_sha256_hex", header="X-Platform-Sign", timestamp_header="X-Platform-Time", prefix="sha256=")
BODY = '{"orderNo":"HY20261122001","content":"水管爆了"}'.encode()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_vector_is_judged_as_it_says(vector):
    at = datetime.fromtimestamp(vector["verify_at"], UTC)
    try:
        verify(STANDARD, [vector["secret"]], vector["headers"], vector["body"].encode(), at)
        genuine = True
    except NotGenuine:
        genuine = False
    assert genuine is vector["valid"]


def test_the_vectors_are_all_there():
    assert len(VECTORS) == 12
    assert sum(vector["valid"] for vector in VECTORS) == 4


@pytest.mark.parametrize(
    "secret", [pytest.param(new_secret(), id="ours"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "theirs-没有前缀", "whsec_密钥"]
)
def test_what_we_sign_the_library_verifies(secret):
    headers = signed_headers(STANDARD, [secret], "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d51", clock.now(), BODY)
    assert Webhook(key_of(secret)).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(key_of(secret)).verify(BODY + b" ", headers)


def test_during_a_rotation_both_secrets_verify():
    old, new = new_secret(), new_secret()
    headers = signed_headers(STANDARD, [new, old], "id", clock.now(), BODY)
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
        verify(STANDARD, [secret], headers, BODY, clock.now())
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_what_the_library_signs_we_verify():
    secret, now = new_secret(), clock.now()
    headers = {
        "webhook-id": "id",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("id", now, BODY.decode()),
    }
    verify(STANDARD, ["whsec_" + "A" * 32, secret], headers, BODY, now)


@pytest.mark.parametrize("off", [-301, 301])
def test_a_hex_signature_is_good_for_five_minutes_and_over_its_own_time_only(off):
    now = clock.now()
    headers = {name.lower(): value for name, value in signed_headers(HEX, ["secret-of-ours"], "id", now, BODY).items()}
    assert (
        headers["x-platform-sign"]
        == "sha256=" + hmac.digest(b"secret-of-ours", headers["x-platform-time"].encode() + b"." + BODY, "sha256").hex()
    )
    verify(HEX, ["another", "secret-of-ours"], headers, BODY, now)
    verify(HEX, ["secret-of-ours"], {**headers, "x-platform-sign": headers["x-platform-sign"].upper()}, BODY, now)
    with pytest.raises(NotGenuine, match="signature_old"):
        verify(HEX, ["secret-of-ours"], headers, BODY, now + timedelta(seconds=off))
    moved = str(int(headers["x-platform-time"]) + 60)
    with pytest.raises(NotGenuine, match="signature_wrong"):
        verify(HEX, ["secret-of-ours"], {**headers, "x-platform-time": moved}, BODY, now)


def test_milliseconds_are_a_time_too():
    now = clock.now()
    stamp = str(int(now.timestamp() * 1000))
    mark = "sha256=" + hmac.digest(b"secret-of-ours", stamp.encode() + b"." + BODY, "sha256").hex()
    verify(HEX, ["secret-of-ours"], {"x-platform-time": stamp, "x-platform-sign": mark}, BODY, now)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "id", "webhook-timestamp": "1", "webhook-signature": ""},
        {"webhook-id": "id", "webhook-timestamp": "９" * 10, "webhook-signature": "v1,x"},
        {"webhook-id": "id", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,x"},
        {"webhook-id": "名", "webhook-timestamp": str(int(clock.now().timestamp())), "webhook-signature": "v1,名 v1, v1"},
    ],
)
def test_nonsense_is_not_genuine_and_breaks_nothing(headers):
    with pytest.raises(NotGenuine):
        verify(STANDARD, ["whsec_AAAA"], headers, BODY, clock.now())
