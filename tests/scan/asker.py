"""One profile that asks a server, and what was found in its answers."""

import hashlib
import json
from collections import Counter

from client import Client
from persons import SAID


class Findings:
    """Kinds of personal values by who was told them where; never a value. The first of each is said at once."""

    SHOWN = 20

    def __init__(self):
        self.counts = Counter()

    def add(self, profile, place, kinds):
        for kind in kinds:
            self.counts[kind, profile] += 1
            if self.counts[kind, profile] <= self.SHOWN:
                print(f"FOUND: {SAID[kind]}, told to {profile}: {place}", flush=True)

    def tell(self):
        for (kind, profile), count in sorted(self.counts.items()):
            print(f"FOUND: {SAID[kind]}, told to {profile}, in {count} answers")


class Asker:
    """Asks as a profile and scans every answer."""

    def __init__(self, profile, address, token, scanner, findings):
        self.profile, self.client = profile, Client(address, token)
        self.scanner, self.findings = scanner, findings
        self.answers, self.bytes, self.seen = 0, 0, set()
        self.statuses = Counter()

    def scan(self, target, answer):
        """Notes what stands in an answer; kinds of it."""
        self.answers += 1
        self.statuses[answer.status] += 1
        self.bytes += len(answer.body)
        found = self.scanner.known(answer.head)
        digest = hashlib.blake2b(answer.body, digest_size=16).digest()
        if digest not in self.seen:
            self.seen.add(digest)
            found = found | self.scanner.find(answer.body)
        self.findings.add(self.profile, target, found)
        return found

    def get(self, target):
        answer = self.client.get(target)
        # 500 and above would be an answer that says nothing of what there is.
        assert answer.status < 500, f"{self.profile} {target}: {answer.status} {answer.body[:300]}"
        self.scan(target, answer)
        return answer

    def post(self, target, body):
        answer = self.client.send_json("POST", target, body)
        assert answer.status < 500, f"{self.profile} {target}: {answer.status} {answer.body[:300]}"
        self.scan(f"POST {target}", answer)
        return answer

    def scanned(self, targets):
        """Each target with its answer."""
        for target, answer in self.client.all(targets):
            assert answer.status < 500, f"{self.profile} {target}: {answer.status} {answer.body[:300]}"
            self.scan(target, answer)
            yield target, answer

    def all(self, targets):
        """How many targets are there."""
        return sum(answer.status == 200 for _, answer in self.scanned(targets))

    def json(self, target):
        answer = self.get(target)
        return json.loads(answer.body) if answer.status == 200 else None
