"""What a real Asterisk sent: see tests/vectors/telephony_asterisk.SOURCE.md."""

import json
from pathlib import Path

_VECTORS = Path(__file__).parents[1] / "vectors"
ASTERISK = json.loads((_VECTORS / "telephony_asterisk.json").read_text(encoding="utf-8"))
TWILIO = json.loads((_VECTORS / "twilio_signature.json").read_text(encoding="utf-8"))["vectors"]

POSTS = ASTERISK["http_hook_posts"]
FOUR = POSTS["rerun_A_answered_B_ringing_agent_C_agent_down_D_ivr"]
EXPECTED = {one["call_id"]: one for one in ASTERISK["expected_interpretation"]}
RATES = ASTERISK["derived_rates_for_those_four_calls"]
DISPOSITIONS = {"answered_by_agent": "answered", "abandoned_in_queue": "abandoned_in_queue", "ivr_only": "ivr_only"}


def of_the_four(lines):
    """The lines about one of the four calls."""
    return [line for line in lines if any(call_id in line for call_id in EXPECTED)]


QUEUE_LOG = "\n".join(ASTERISK["queue_log_lines"]) + "\n"
CDR = "\n".join(ASTERISK["cdr_custom_csv_lines"]) + "\n"
