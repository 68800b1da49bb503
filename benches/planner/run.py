"""Asks every question of both servers, holds the answers against each other and against what the
GeoPackage itself says, and prints the table.

run.py STORE MEETING ADDRESS PID POSTGIS_HOST [times] [NUMBER…]

MEETING is the moment of the last meeting. With `times` each question is asked many times, in turn; otherwise
once. A round asks both anew behind an edit of a collection that the question reads, so that nothing of an
earlier answer is left, and again while the state is the same; ours between the two also elsewhere, behind an edit of a
collection that the question does not read.
"""

import statistics
import sys
import time

from asked import PostGIS, Tuban
from geopackage import Store
from questions import Places, many, questions
from recompute import Recomputed

SECONDS = 3.0
MOST_ROUNDS = 60
# No question reads it.
ELSEWHERE = "towns"


def timed(server, requests, times):
    """Asks one place, adds milliseconds on the clock and on a core; gives what came back."""
    core, begun = server.on_core(), time.perf_counter()
    answers = [server.ask(request) for request in requests]
    wall = (time.perf_counter() - begun) * 1e3
    times.append((wall, (server.on_core() - core) / 1e6))
    return answers


def ask(question, tuban, postgis, is_timed):
    """Answers of both by place, and medians over all places of ours anew, elsewhere and again, and of theirs anew and
    again: clock and core."""
    http = [[tuban.prepared(one) for one in place] for place in question.http]
    sql = [[postgis.prepared(one) for one in place] for place in question.sql]
    anew, elsewhere, again, theirs_anew, theirs_again, answers = [], [], [], [], [], []
    for theirs_asked, ours_asked in zip(sql, http):
        # What is asked first of all reads from the disk, draws up plans and past states.
        timed(postgis, theirs_asked, [])
        tuban.edit(question.edited)
        timed(tuban, ours_asked, [])
        postgis.edit(question.edited)
        rows = [postgis.rows(result) for result in timed(postgis, theirs_asked, theirs_anew)]
        timed(postgis, theirs_asked, theirs_again)
        tuban.edit(question.edited)
        answer = question.read_http(timed(tuban, ours_asked, anew))
        tuban.edit(ELSEWHERE)
        for kind, times in (("elsewhere", elsewhere), ("again", again)):
            if question.read_http(timed(tuban, ours_asked, times)) != answer:
                raise SystemExit(f"{question.number}: asked {kind}, the answer is another")
        answers.append((answer, question.read_sql(rows)))
    deadline = time.monotonic() + SECONDS
    rounds = 0
    while is_timed and (rounds < 3 or (time.monotonic() < deadline and rounds < MOST_ROUNDS)):
        for theirs_asked, ours_asked in zip(sql, http):
            tuban.edit(question.edited)
            timed(tuban, ours_asked, anew)
            tuban.edit(ELSEWHERE)
            timed(tuban, ours_asked, elsewhere)
            timed(tuban, ours_asked, again)
            postgis.edit(question.edited)
            timed(postgis, theirs_asked, theirs_anew)
            timed(postgis, theirs_asked, theirs_again)
        rounds += 1
    kinds = (anew, elsewhere, again, theirs_anew, theirs_again)
    medians = [[statistics.median(one[at] for one in times) for at in (0, 1)] for times in kinds]
    return answers, medians


def difference(question, one, other, slack=0.0):
    """How two answers differ by more than a share; None when they are equal."""
    relative, absolute = question.tolerance
    relative = max(relative, slack)
    only = sorted(set(one) ^ set(other), key=str)
    if only:
        return f"{len(only)} of {len(set(one) | set(other))} are in one alone: {only[:5]}"
    if isinstance(one, set):
        return None
    for key, values in one.items():
        for a, b in zip(values, other[key], strict=True):
            if abs(a - b) > max(relative * max(abs(a), abs(b)), absolute):
                return f"{key}: {a!r} and {b!r}"
    return None


def main():
    path, meeting, address, pid, host, *more = sys.argv[1:]
    store, is_timed = Store(path), more[:1] == ["times"]
    numbers = {int(one) for one in more if one.isdigit()}
    tuban, postgis = Tuban(address, pid), PostGIS(host)
    places = Places(store, meeting)
    recomputed = Recomputed(store, places)
    wrong = []
    kinds = "".join(f"{name:>11}" for name in ("anew", "elsewhere", "again", "PG anew", "PG again"))
    ratios = "".join(f"{name:>10}" for name in ("anew", "elsewhere", "again"))
    columns = kinds + ratios
    print(f"{'':12}{'on the clock, ms':<{len(columns)}}  on a core, ms")
    print(f"{'':3}{'answer':>9}{columns}{columns}  equal")
    for question in questions(places) + many(places):
        if numbers and question.number not in numbers:
            continue
        answers, (*ours, theirs_anew, theirs_again) = ask(question, tuban, postgis, is_timed)
        theirs = (theirs_anew, theirs_again, theirs_again)
        faults = []
        for place, (answer, peer) in enumerate(answers):
            expected, may_differ = recomputed.answer(question, place)
            if not expected:
                faults.append(f"place {place}: nothing is found, so nothing is compared")
            # The plane of PostGIS is off where the store holds degrees.
            slack = 0.0 if store.is_plane else 2e-4
            for name, other, slack in [("PostGIS", peer, slack), ("the GeoPackage", expected, 0.0)]:
                fault = difference(question, *(without(one, may_differ) for one in (answer, other)), slack)
                if fault:
                    faults.append(f"place {place}, {name}: {fault}")
        size = sum(len(answer) for answer, _ in answers) / len(answers)
        columns = "".join(
            "".join(f"{one[at]:>11.3f}" for one in (*ours, theirs_anew, theirs_again))
            + "".join(f"{peer[at] / one[at]:>9.1f}x" for one, peer in zip(ours, theirs))
            for at in (0, 1)
        )
        name = f"{question.number}{'*' if question.is_many else ''}"
        print(f"{name:<3}{size:>9.0f}{columns}  {'no' if faults else 'yes'}  {question.title}", flush=True)
        wrong += [f"{name}: {fault}" for fault in faults]
    if wrong:
        sys.exit("\n".join(wrong))


def without(answer, keys):
    if isinstance(answer, set):
        return answer - keys
    return {key: value for key, value in answer.items() if key not in keys}


if __name__ == "__main__":
    main()
