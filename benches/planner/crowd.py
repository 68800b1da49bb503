"""Has several clients ask each question of both servers at once while the state is the same, and prints how
many answers a second they get, and how long a server is on a core for one: wrk asks Tuban, pgbench asks
PostGIS by prepared statements, both over TCP. Clients and server share the machine on both sides.

crowd.py STORE MEETING ADDRESS PID POSTGIS_HOST POSTGIS_DATA PGBENCH [NUMBER…]
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from asked import Tuban
from geopackage import Store
from questions import Places, questions

CLIENTS = 8
SECONDS = 5
# wrk sends what was put together before, one after the other.
LUA = """
local all = {{ {requests} }}
local at = 0
function request()
  at = at % #all + 1
  return all[at]
end
function done(summary)
  io.write(string.format("%d %d %d\\n", summary.requests, summary.duration, summary.errors.status))
end
"""


class Cores:
    """Seconds that a server has been on a core: with its threads, and with the backends that it has ended."""

    def __init__(self, pid):
        self.pid = pid

    def spent(self):
        with open(f"/proc/{self.pid}/stat") as file:
            ticks = file.read().rpartition(")")[2].split()[11:15]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def tuban(question, client, folder):
    """Answers, and how many a second."""
    prepared = [client.prepared(one) for place in question.http for one in place]
    requests = [json.dumps(one.decode(), ensure_ascii=False) for one in prepared]
    script = Path(folder, "ask.lua")
    script.write_text(LUA.format(requests=", ".join(requests)))
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}", "--timeout", "60", "-s", script, f"http://{client.host}:{client.at[1]}/"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    answers, micros, errors = map(int, said.strip().splitlines()[-1].split())
    if errors:
        sys.exit(f"{question.number}: {errors} of {answers} answers are errors")
    answers /= len(question.http[0])
    return answers, answers / (micros / 1e6)


def literal(value):
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", str(value)):
        # pgbench takes what follows a colon for one of its variables.
        return f"to_timestamp({datetime.fromisoformat(value.replace('Z', '+00:00')).timestamp()})"
    return f"'{value}'"


def statement(asked):
    text, *values = asked if isinstance(asked, tuple) else (asked,)
    return re.sub(r"\$(\d)", lambda at: literal(values[int(at[1]) - 1]), text) + ";\n"


def postgis(question, postgis_host, pgbench, folder):
    """Answers, and how many a second."""
    scripts = []
    for number, place in enumerate(question.sql):
        script = Path(folder, f"{number}.sql")
        script.write_text("".join(map(statement, place)))
        scripts += ["-f", script]
    command = [pgbench, "-h", postgis_host, "-U", "postgres", "-n", "-M", "prepared", f"-c{CLIENTS}", "-j1"]
    said = subprocess.run([*command, f"-T{SECONDS}", *scripts, "postgres"], check=True, capture_output=True, text=True)
    answers = int(re.search(r"^number of transactions actually processed: (\d+)", said.stdout, re.M)[1])
    return answers, float(re.search(r"^tps = ([0-9.]+) ", said.stdout, re.M)[1])


def measured(cores, ask):
    """Answers a second, and microseconds on a core for one; the first answers are not counted."""
    ask()
    # Until the last backend has ended, here and below.
    time.sleep(0.5)
    begun = cores.spent()
    answers, a_second = ask()
    time.sleep(0.5)
    return a_second, (cores.spent() - begun) * 1e6 / answers


def main():
    path, meeting, address, pid, postgis_host, postgis_data, pgbench, *numbers = sys.argv[1:]
    places, client = Places(Store(path), meeting), Tuban(address, pid)
    postmaster = Path(postgis_data, "postmaster.pid").read_text().split()[0]
    print(f"\n{CLIENTS} clients{'answers a second':>22}{'microseconds on a core':>37}")
    print(f"{'':3}{'Tuban':>10}{'PostGIS':>10}{'':12}{'Tuban':>10}{'PostGIS':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for question in questions(places):
            if numbers and str(question.number) not in numbers:
                continue
            ours, our_core = measured(Cores(pid), lambda: tuban(question, client, folder))
            theirs, their_core = measured(Cores(postmaster), lambda: postgis(question, postgis_host, pgbench, folder))
            print(
                f"{question.number:<3}{ours:>10,.0f}{theirs:>10,.1f}{ours / theirs:>11,.1f}x"
                f"{our_core:>10,.1f}{their_core:>12,.0f}{their_core / our_core:>11,.1f}x  {question.title}",
                flush=True,
            )


if __name__ == "__main__":
    main()
