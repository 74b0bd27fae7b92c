"""Drives a script with Debian's python3-twilio, pointed here by its base URLs as its users point it.

Standard input: {"url", "sid", "token", "script", "given"} as script.ts describes them. Prints how many
steps were done; ends with 1 and a sentence at the first that went otherwise.
"""

import json
import keyword
import sys
import time

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

job = json.load(sys.stdin)
client = Client(job["sid"], job["token"])
client.api.base_url = job["url"]
client.messaging.base_url = job["url"]
kept = dict(job["given"])


def named(name):
    return name + "_" if keyword.iskeyword(name) else name


def filled(value):
    if isinstance(value, list):
        return [filled(each) for each in value]
    return kept[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def ask(step):
    at = client
    for name in step["on"]:
        at = at(filled(name)) if name.startswith("$") else getattr(at, named(name))
    does = getattr(at, "delete" if step["do"] == "remove" else step["do"])
    return does(**{named(name): filled(value) for name, value in step.get("with", {}).items()})


def fault_of(step):
    """What is wrong with the answer, or None."""
    try:
        said = ask(step)
    except TwilioRestException as error:
        return None if error.code == step.get("refused") else str(error)
    if "refused" in step:
        return f"{step['refused']} expected, and yet it was done"
    if step["do"] == "remove" and said is not True:
        return f"removal said {said!r}"
    for name, value in step.get("is", {}).items():
        if getattr(said, named(name)) != filled(value):
            return f"{name}: {filled(value)!r} expected, got {getattr(said, named(name))!r}"
    for name, source in step.get("keep", {}).items():
        kept[name] = getattr(said, source)
    if "among" in step:
        wanted = not step["among"].startswith("!")
        sids = [each.sid for each in said]
        if (filled(step["among"].replace("!", "")) in sids) != wanted:
            return f"{step['among']} among {sids}"
    return None


for step in job["script"]:
    patience = time.monotonic() + 9
    fault = fault_of(step)
    while fault and step.get("until") and time.monotonic() < patience:
        time.sleep(0.02)
        fault = fault_of(step)
    if fault:
        sys.exit(f"{step['do']} {'.'.join(step['on'])} {json.dumps(step.get('with', {}))}: {fault}")
print(len(job["script"]))
