# Says of each signature of each message whether it is valid, by dkimpy, with the records that are given in place of the DNS.
import base64
import json
import sys

import dkim

job = json.load(sys.stdin)
records = {name: record.encode() for name, record in job["records"].items()}


def find(name, timeout=5):
    return records.get(name.decode().rstrip("."))


def verdicts(message):
    count = sum(1 for name, _ in dkim.DKIM(message).headers if name.lower() == b"dkim-signature")
    for index in range(count):
        try:
            yield dkim.DKIM(message).verify(idx=index, dnsfunc=find)
        except dkim.DKIMException:
            yield False


json.dump([list(verdicts(base64.b64decode(message))) for message in job["messages"]], sys.stdout)
