"""Debian's python3-twilio on both sides of X-Twilio-Signature.

Standard input: {"check": [{"token", "url", "params", "signature"}], "sign": [{"token", "url", "params"}]}. Prints {"valid": […], "signed": […]}.
"""

import json
import sys

from twilio.request_validator import RequestValidator

job = json.load(sys.stdin)
print(
    json.dumps(
        {
            "valid": [
                RequestValidator(one["token"]).validate(one["url"], one["params"], one["signature"]) for one in job["check"]
            ],
            "signed": [RequestValidator(one["token"]).compute_signature(one["url"], one["params"]) for one in job["sign"]],
        }
    )
)
