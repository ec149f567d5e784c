"""After the storm: what was promised is there, once, and the book adds up."""

import datetime
import glob
import json
import os
import threading
from collections import Counter

from house import Request, run
from trade import minor


# Who looks again at orders that wait.
HOUSE = "netterms-subscriptions"


def read_journals(folder, name):
    """Every request by its key, with all its answers, as the disk has them."""
    requests, answers = {}, {}
    for path in glob.glob(os.path.join(folder, f"{name}*.journal")):
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                kind = line.pop("what")
                if kind == "request":
                    requests[line["key"]] = Request(**line)
                elif kind == "answer":
                    answers.setdefault(line["key"], []).append(line)
    return requests, answers


def is_good(answer):
    return 200 <= answer["status"] < 300


def replays(callers, requests, answers, findings):
    """Whatever was accepted is answered the same when it is sent again."""
    accepted = [(requests[key], next(filter(is_good, told))) for key, told in answers.items() if any(map(is_good, told))]
    for key, told in answers.items():
        bodies = {json.dumps([one["status"], one["body"]], sort_keys=True) for one in told if is_good(one)}
        if len(bodies) > 1:
            findings.lie(f"{key} was answered in {len(bodies)} ways: {bodies}")

    def ask_again(caller, share):
        for request, before in share:
            again = caller.settle(request)
            if (again.status, again.body) != (before["status"], before["body"]) or not again.is_replayed:
                findings.lie(f"{request.key} was {before}, and again it is {again.status} {again.body}")

    shares = [accepted[at :: len(callers)] for at in range(len(callers))]
    threads = [threading.Thread(target=ask_again, args=pair) for pair in zip(callers, shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    findings.count("replayed", len(accepted))


def effects(caller, name, requests, answers, findings):
    """Each request had exactly the effect that it was told of."""
    good = {key: next(filter(is_good, told)) for key, told in answers.items() if any(map(is_good, told))}
    checks, reserved, invoices, receipts = Counter(), {}, {}, {}
    for key, answer in good.items():
        request, body = requests[key], answer["body"]
        if request.path == "/v1/limit-checks":
            checks[request.body["order_number"]] += 1
            if body["reservation"]:
                reserved[request.body["order_number"]] = body["reservation"]["id"]
        elif request.path.endswith("/amend"):
            checks[request.path.split("/")[3]] += 1
        elif request.path.endswith("/capture"):
            invoices[request.body["invoice"]["number"]] = body["invoice"]["id"]
        elif request.path == "/v1/receipts":
            receipts[request.body["number"]] = body["id"]
    by_id = {held: order for order, held in reserved.items()}
    expected = Counter()
    for order, count in checks.items():
        expected[by_id.get(order, order)] += count
    ours = lambda text: (text or "").startswith(f"{name}-")
    # An order that waits for credit is checked again by netterms itself when something makes room for it, and that may
    # be now: what it reserved until here has its check in the list that is read after.
    everything_held = caller.everything("/v1/reservations")
    recorded = caller.everything("/v1/limit-checks")
    by_itself = {row["id"] for row in recorded if row["checked_by"] == HOUSE}
    rows = [row for row in recorded if ours(row["order_number"]) and row["id"] not in by_itself]
    compare("checks", Counter(row["order_number"] for row in rows), expected, findings)
    held = [row for row in everything_held if ours(row["order_number"])]
    told = [row for row in held if row["limit_check_id"] not in by_itself]
    compare("reservations", Counter((row["order_number"], row["id"]) for row in told), Counter(reserved.items()), findings)
    for kind, wanted in (("invoices", invoices), ("receipts", receipts)):
        rows = [row for row in caller.everything(f"/v1/{kind}") if ours(row["number"])]
        compare(kind, Counter((row["number"], row["id"]) for row in rows), Counter(wanted.items()), findings)
    findings.count("effects", len(good))
    return {row["order_number"]: row for row in held}


def compare(kind, found, expected, findings):
    for row in list((expected - found).elements())[:5]:
        findings.lie(f"{kind}: {row} was accepted and is not there")
    for row in list((found - expected).elements())[:5]:
        findings.lie(f"{kind}: {row} is there and nobody was told")


def orders(traders, held, findings):
    """Each order stands where its own accepted requests have put it; only time may have ended it since."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for trader in traders:
        for order in trader.orders:
            row = held.get(order["number"])
            if row is None:
                continue  # Told already.
            is_open = order["status"] in ("active", "partially_captured")
            if row["status"] == "expired" and is_open and order["until"] and order["until"] <= now:
                order["status"] = "expired"
            found = (row["status"], minor(row["amount"]), minor(row["captured"]))
            if found != (order["status"], order["amount"], order["captured"]):
                findings.lie(f"the order {order} is {found}")


def verify(url, findings):
    code, text = run(url, "verify")
    if code != 0:
        findings.lie(f"netterms verify: {text}")


def logs(servers, findings):
    for server in servers:
        with open(server.log, encoding="utf-8", errors="replace") as log:
            for line in log:
                if "panicked" in line or " ERROR " in line:
                    findings.lie(f"the log of a server: {line.strip()[:400]}")
