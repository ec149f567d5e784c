"""The scenarios, and the verdict in one line. scripts/stress starts this."""

import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import check
import linear
from house import Caller, Findings, Journal, Request, Server, can_fail, run, tokens
from trade import TODAY, Book, Officer, Rater, Trader, Watcher, money, together

# The rounds and seconds of a quick and a full run.
SIZES = {
    "quick": {"clients": 12, "seconds": 8, "kills": 3, "restarts": 2, "keys": 60, "histories": 12, "faults": 4},
    "full": {"clients": 32, "seconds": 120, "kills": 100, "restarts": 20, "keys": 2_000, "histories": 400, "faults": 100},
}


class Run:
    """One scenario on one database: its folder, servers, callers and findings."""

    def __init__(self, stage, name, url, limits=(300_000, 200_000, 300_000, 400_000, 500_000), group_limit=400_000):
        self.stage, self.name, self.url, self.findings = stage, name, url, Findings()
        self.folder = os.path.join(stage.folder, name)
        os.mkdir(self.folder)
        self.servers, self.callers = [], 0
        run(url, "migrate")
        self.book = Book(name, limits, group_limit)
        self.book.furnish(url, self.folder)

    def serve(self, count, **settings):
        for at in range(count):
            server = Server(self.url, self.folder, f"server-{at}", NETTERMS_WORKERS="2", **settings)
            self.servers.append(server.start())

    def caller(self):
        self.callers += 1
        name = f"{self.name}-{self.callers}"
        rng = random.Random(f"{self.stage.seed} {name}")
        return Caller(self.servers, self.stage.minted, Journal(self.folder, name), rng, self.findings)

    def traders(self, count):
        return [Trader(self.caller(), self.book, f"t{at}") for at in range(count)]

    def end(self, traders=()):
        """Everything that can be asked when the storm is over."""
        requests, answers = check.read_journals(self.folder, self.name)
        check.replays([self.caller() for _ in range(8)], requests, answers, self.findings)
        held = check.effects(self.caller(), self.name, requests, answers, self.findings)
        check.orders(traders, held, self.findings)
        check.verify(self.url, self.findings)
        for server in self.servers:
            server.stop()
        check.logs(self.servers, self.findings)
        check.verify(self.url, self.findings)
        return self.findings


def servers(stage):
    """Two servers on one PostgreSQL, many clients on a hot account and cooler ones, limits that move."""
    scene = Run(stage, "servers", stage.postgres)
    scene.serve(2)
    traders = scene.traders(stage.size["clients"])
    jobs = [trader.trade for trader in traders]
    jobs += [Officer(scene.caller(), scene.book).work, Watcher(scene.caller(), scene.book).watch]
    together(jobs, stage.size["seconds"])
    yield scene.end(traders)


def kill(stage):
    """kill -9 in the middle of load, again and again, on both databases."""
    for kind, url in (("sqlite", f"sqlite://{stage.folder}/kill.db"), ("postgres", stage.postgres)):
        scene = Run(stage, f"kill-{kind}", url)
        scene.serve(1)
        traders = scene.traders(stage.size["clients"] // 2)
        _, join = together([trader.trade for trader in traders], None)
        rng = random.Random(f"{stage.seed} {kind}")
        for _ in range(stage.size["kills"]):
            time.sleep(rng.uniform(0.2, 2))
            scene.servers[0].kill()
            check.verify(url, scene.findings)
            scene.servers[0].start()
        time.sleep(0.5)
        join()
        scene.findings.count("kills", stage.size["kills"])
        yield scene.end(traders)


# Where the program can be made to fail (crates/platform/src/db/faults.rs), with how often in a hundred: what is rare, more often.
POINTS = {
    "unit_begun": 2, "key_before_kept": 4, "unit_before_commit": 2, "unit_after_commit": 2, "events_claimed": 20,
    "job_taken": 40, "desk_before_flush": 10,
}


def faults(stage):
    """The program ends, fails or dawdles just before and after its effects, on both databases."""
    if not can_fail():
        print("faults    skipped: this program has no fault points; scripts/program builds one that has", flush=True)
        return
    for kind, url in (("sqlite", f"sqlite://{stage.folder}/faults.db"), ("postgres", stage.postgres)):
        scene = Run(stage, f"faults-{kind}", url)
        scene.serve(1)
        server = scene.servers[0]
        traders = scene.traders(stage.size["clients"] // 2)
        _, join = together([trader.trade for trader in traders] + [Rater(scene.caller(), scene.book).work], None)
        for how in ("return(crash)", "return(fail)", "sleep(20)"):
            server.kill()
            server.settings["FAILPOINTS"] = ";".join(f"{point}={often}%{how}" for point, often in POINTS.items())
            server.start()
            for _ in range(stage.size["faults"]):
                until = time.monotonic() + 0.5
                while time.monotonic() < until and server.process.poll() is None:
                    time.sleep(0.02)
                if server.process.poll() is not None:
                    server.start()
        server.kill()
        del server.settings["FAILPOINTS"]
        server.start()
        join()
        for fault in server.faults():
            scene.findings.count(fault)
        yield scene.end(traders)


def restart(stage):
    """PostgreSQL is cut off in the middle of load and comes back; the servers stay."""
    again = os.environ.get("TEST_POSTGRES_RESTART")
    scene = Run(stage, "restart", stage.postgres)
    scene.serve(2)
    traders = scene.traders(stage.size["clients"])
    _, join = together([trader.trade for trader in traders], None)
    for at in range(stage.size["restarts"]):
        time.sleep(1.5)
        before = [server.process.pid for server in scene.servers]
        # At once, and after longer than a request waits for a connection.
        subprocess.run([again, str(at % 2 * 5)], check=True, stdout=subprocess.DEVNULL)
        restarted = time.monotonic()
        caller = scene.caller()
        for server in scene.servers:
            body = {"customer": f"{scene.name}-C1", "amount": money(1), "dry_run": True}
            while True:
                answer = caller.exchange(server, "POST", "/v1/limit-checks", "order-system", body)
                if answer is not None and answer.status == 200:
                    break
                if time.monotonic() > restarted + 30:
                    scene.findings.lie("a server did not recover within 30 s of the database's return")
                    break
                time.sleep(0.02)
        if any(server.process.poll() is not None for server in scene.servers) or before != [
            server.process.pid for server in scene.servers
        ]:
            scene.findings.lie("a server ended with its database")
        slowest = scene.findings.counts.get("ms to recover, at most", 0)
        took = round((time.monotonic() - restarted) * 1000)
        scene.findings.counts["ms to recover, at most"] = max(slowest, took)
    time.sleep(0.5)
    join()
    if scene.findings.slowest > 15:
        scene.findings.lie(f"an answer took {scene.findings.slowest:.1f} s while the database was away")
    scene.findings.counts["ms for an answer, at most"] = round(scene.findings.slowest * 1000)
    yield scene.end(traders)


def once(stage):
    """Each request is sent up to five times, at once and one after the other, to both servers; some hang up."""
    scene = Run(stage, "once", stage.postgres, limits=(50_000_000,) * 4, group_limit=500_000_000)
    scene.serve(2)
    rng = random.Random(f"{stage.seed} once")
    crowd = [scene.caller() for _ in range(5)]
    trader = Trader(scene.caller(), scene.book, "t0")
    reserved = []
    for _ in range(stage.size["keys"]):
        request = one_of(rng, trader, reserved)
        at_once = crowd[: rng.randrange(1, 6)]
        answers = send_together(at_once, request, scene.servers, rng)
        for _ in range(rng.randrange(0, 3)):
            answers.append(at_once[0].settle(request))
        outcome = at_once[0].settle(request)
        told = [answer for answer in answers if answer is not None and not answer.is_for_later]
        if any((answer.status, answer.body) != (outcome.status, outcome.body) for answer in told):
            ways = [(answer.status, answer.is_replayed, answer.body) for answer in told]
            scene.findings.lie(f"{request.key} was answered in several ways: {ways}")
        if sum(1 for answer in told if not answer.is_replayed) > 1:
            scene.findings.lie(f"{request.key} was done more than once")
        if outcome.is_good and request.path == "/v1/limit-checks" and outcome.body["reservation"]:
            reserved.append(outcome.body["reservation"]["id"])
        other = Request(request.who, request.path, {**request.body, **other_body(request)}, request.key)
        refused = ask_until_known(at_once[0], other, rng)
        if refused is None or refused.code != "idempotency_key_reused":
            scene.findings.lie(f"{request.key} with another body was answered {refused and refused.body}")
    yield scene.end()


def ask_until_known(caller, request, rng, patience=30):
    """Without the journal, which has another request under this key. One that hung up may still be worked on."""
    until = time.monotonic() + patience
    while True:
        server = rng.choice(caller.servers)
        answer = caller.exchange(server, "POST", request.path, request.who, request.body, request.key)
        if (answer is not None and not answer.is_for_later) or time.monotonic() > until:
            return answer
        time.sleep(0.02)


def one_of(rng, trader, reserved):
    key, kind = trader.number("k"), rng.randrange(4)
    customer, amount = trader.book.pick(rng), money(rng.randrange(1_000, 9_000))
    if kind == 0:
        body = {"number": trader.number("r"), "customer": customer, "receipt_date": TODAY.isoformat(), "amount": amount}
        return Request("u-finance", "/v1/receipts", body, key)
    if kind == 1 and reserved:
        return Request("order-system", f"/v1/reservations/{rng.choice(reserved)}/amend", {"amount": amount}, key)
    if kind == 2 and reserved:
        invoice = {"number": trader.number("i"), "invoice_date": TODAY.isoformat(), "amount": money(10)}
        path = f"/v1/reservations/{rng.choice(reserved)}/capture"
        return Request("order-system", path, {"invoice": invoice}, key)
    body = {"customer": customer, "order_number": trader.number("o"), "amount": amount, "reserve": True}
    return Request("order-system", "/v1/limit-checks", body, key)


def other_body(request):
    if "invoice" in request.body:
        return {"invoice": {**request.body["invoice"], "amount": money(11)}}
    return {"amount": money(999)}


def send_together(callers, request, servers, rng):
    """All at once, each to some server; one in four hangs up without waiting."""
    answers, barrier = [], threading.Barrier(len(callers))
    plans = [(caller, rng.choice(servers), rng.random() < 0.25) for caller in callers]

    def send(caller, server, hangs_up):
        barrier.wait()
        if hangs_up:
            return hang_up(caller, server, request)
        answers.append(caller.send(request, server))

    threads = [threading.Thread(target=send, args=plan) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def hang_up(caller, server, request):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    headers = {
        "Authorization": f"Bearer {caller.minted[request.who]}", "Content-Type": "application/json",
        "Idempotency-Key": request.key,
    }
    caller.journal.write(what="request", **request.as_json())
    connection.request("POST", request.path, body=json.dumps(request.body), headers=headers)
    connection.close()
    caller.findings.count("hung up")


def overload(stage):
    """More clients at once than the desk has room for."""
    for kind, url in (("sqlite", f"sqlite://{stage.folder}/overload.db"), ("postgres", stage.postgres)):
        scene = Run(stage, f"overload-{kind}", url, limits=(50_000_000,) * 4, group_limit=500_000_000)
        scene.serve(1, NETTERMS_DESK_QUEUE="4")
        crowd = [Trader(scene.caller(), scene.book, f"t{at}") for at in range(48)]
        barrier = threading.Barrier(len(crowd))
        slowest = []

        def storm(trader):
            trader.caller.get("/v1/customers?limit=1")  # A connection, before all go off.
            for _ in range(5):
                order = trader.number("o")
                body = {"customer": f"{scene.name}-C0", "order_number": order, "amount": money(1), "reserve": True}
                request = Request("order-system", "/v1/limit-checks", body, trader.number("k"))
                barrier.wait()
                began = time.monotonic()
                answer = trader.caller.send(request)
                if answer is None:
                    scene.findings.lie(f"{order} had no answer")
                elif answer.status == 503:
                    slowest.append(time.monotonic() - began)
                    if answer.code != "overloaded":
                        scene.findings.lie(f"{order} was put off as {answer.code}")
                elif answer.status != 200:
                    scene.findings.lie(f"{order} was answered {answer.status} {answer.body}")
                trader.caller.settle(request)

        threads = [threading.Thread(target=storm, args=(trader,)) for trader in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not slowest:
            scene.findings.lie("nobody was put off: the desk was never full")
        else:
            scene.findings.counts["ms to be put off, at most"] = round(max(slowest) * 1000)
        yield scene.end()


def order(stage):
    """Small crowds at accounts of their own, by two servers: the answers must be those of one after the other."""
    count = stage.size["histories"]
    scene = Run(stage, "order", stage.postgres, limits=(linear.LIMIT,) * (count + 2), group_limit=500_000_000)
    scene.serve(2)
    crowd = [scene.caller() for _ in range(linear.CALLERS)]
    # The first two are a group, whose head would wait for both.
    for customer in list(scene.book.limits)[2:]:
        events = linear.history(crowd, customer)
        if not linear.is_explained(events):
            scene.findings.lie(f"no order explains the answers about {customer}: {events}")
        elif not linear.lies_are_found(events):
            scene.findings.lie(f"a false answer about {customer} would not be found: {events}")
        scene.findings.count("histories")
        scene.findings.count("events", len(events))
    yield scene.end()


SCENARIOS = [servers, kill, faults, restart, once, order, overload]


class Stage:
    def __init__(self, size, seed):
        self.size, self.seed = SIZES[size], seed
        self.folder = tempfile.mkdtemp(prefix="netterms-stress.")
        self.postgres = os.environ["TEST_DATABASE_URL"]
        self.minted = tokens()


def main():
    arguments = sys.argv[1:] or ["quick"]
    size = arguments[0] if arguments[0] in SIZES else "quick"
    wanted = [name for name in arguments if name not in SIZES]
    known = {scenario.__name__ for scenario in SCENARIOS}
    if not set(wanted) <= known:
        raise SystemExit(f"There is no such scenario; there are: {', '.join(sorted(known))}")
    seed = int(os.environ.get("STRESS_SEED", "1"))
    stage, began, lies, total = Stage(size, seed), time.monotonic(), 0, 0
    for scenario in SCENARIOS:
        if wanted and scenario.__name__ not in wanted:
            continue
        started = time.monotonic()
        for findings in scenario(stage):
            counts = ", ".join(f"{count} {what}" for what, count in findings.counts.items())
            print(f"{scenario.__name__:<9} {time.monotonic() - started:5.1f}s  {counts}", flush=True)
            for lie in findings.lies[:20]:
                print(f"          LIE: {lie[:1000]}")
            lies += len(findings.lies)
            total += findings.counts.get("requests", 0)
            started = time.monotonic()
    verdict = "PASSED" if lies == 0 else f"FAILED with {lies} lies"
    print(f"stress {size}, seed {seed}: {verdict}; {total} requests in {time.monotonic() - began:.0f}s")
    if lies:
        print(f"journals and logs: {stage.folder}")
        sys.exit(1)
    shutil.rmtree(stage.folder)


if __name__ == "__main__":
    main()
