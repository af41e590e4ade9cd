# Reads messages as CPython does: the names of their fields, what is wrong with them, the recipients, the subject.
import json
import sys
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import getaddresses


def read(text):
    message = message_from_bytes(text.encode())
    return {
        "names": sorted(name.lower() for name in message.keys()),
        "defects": [str(defect) for part in message.walk() for defect in part.defects],
        "to": [address for _, address in getaddresses([message["to"]])],
        "subject": str(make_header(decode_header(message["subject"].replace("\r\n", "")))),
    }


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
