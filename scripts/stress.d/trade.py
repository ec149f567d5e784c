"""What the callers do: order systems that check, reserve, deliver and change their minds, and credit's officers."""

import csv
import datetime
import os
import threading
import time

from house import Request, run

TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def money(minor):
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "CNY"}


def minor(amount):
    whole, fraction = amount["amount"].split(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(fraction))


class Book:
    """A group of the two hottest customers, and others that stand alone, each with its limit."""

    def __init__(self, name, limits, group_limit):
        self.name = name
        self.head = f"{name}-G"
        self.limits = {f"{name}-C{at}": limit for at, limit in enumerate(limits)}
        self.group_limit = group_limit

    def furnish(self, url, folder):
        """By import, as a house that is moved into."""
        rows = [[self.head, f"Group {self.name}", "CN", "u-sales", ""]]
        for at, number in enumerate(self.limits):
            rows.append([number, f"Customer {number}", "CN", "u-sales", self.head if at < 2 else ""])
        self.load(url, folder, "customers", ["number", "name", "country", "owner", "parent_number"], rows)
        rows = [[self.head, "CNY", "none", "", f"{self.group_limit // 100}.00"]]
        rows += [[number, "CNY", "amount", f"{limit // 100}.00", ""] for number, limit in self.limits.items()]
        header = ["customer_number", "currency", "limit_kind", "limit", "group_limit"]
        self.load(url, folder, "credit_accounts", header, rows)

    def load(self, url, folder, kind, header, rows):
        path = os.path.join(folder, f"{self.name}-{kind}.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        code, text = run(url, "import", "--kind", kind, path)
        if code != 0:
            raise SystemExit(f"the book can't be furnished: {text}")

    def pick(self, rng):
        """Half of all business is with the first."""
        numbers = list(self.limits)
        return numbers[0] if rng.random() < 0.5 else rng.choice(numbers)


class Trader:
    """An order system. Its orders are its own, so it knows what became of each."""

    def __init__(self, caller, book, name):
        self.caller, self.book, self.name = caller, book, f"{book.name}-{name}"
        self.rng = caller.rng
        self.orders, self.made = [], 0

    def number(self, kind):
        self.made += 1
        return f"{self.name}-{kind}{self.made}"

    def trade(self, stop):
        ways = [self.reserve, self.ask, self.capture, self.release, self.amend, self.extend, self.pay]
        weights = [8, 3, 5, 2, 3, 1, 3]
        while not stop.is_set():
            self.rng.choices(ways, weights)[0]()

    def post(self, path, body, who="order-system"):
        return self.caller.settle(Request(who, path, body, self.number("k")))

    def reserve(self):
        account, amount = self.book.pick(self.rng), self.rng.randrange(1, 30_000)
        order = self.number("o")
        body = {"customer": account, "order_number": order, "amount": money(amount), "reserve": True}
        until = None
        if self.rng.random() < 0.3:
            until = datetime.datetime.now(datetime.timezone.utc)
            until += datetime.timedelta(seconds=self.rng.uniform(1, 6))
            body["reserve_until"] = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        answer = self.post("/v1/limit-checks", body)
        # Asked again after the time had come, it is refused; that is an outcome too.
        if answer.is_good and answer.body["reservation"]:
            held = answer.body["reservation"]
            self.orders.append({
                "number": order, "id": held["id"], "account": account, "amount": amount, "captured": 0,
                "status": "active", "until": until,
            })
            self.caller.findings.count("reserved")

    def ask(self):
        body = {
            "customer": self.book.pick(self.rng), "order_number": self.number("q"),
            "amount": money(self.rng.randrange(1, 30_000)),
        }
        self.post("/v1/limit-checks", body)

    def one(self):
        """Mostly an order that is open, now and then one that is not."""
        is_open = [order for order in self.orders if order["status"] in ("active", "partially_captured")]
        pool = is_open if is_open and self.rng.random() < 0.9 else self.orders
        return self.rng.choice(pool) if pool else None

    def of_one(self, verb, body):
        order = self.one()
        if order is None:
            return None, None
        content = body(order)
        return order, (content, self.post(f"/v1/reservations/{order['id']}/{verb}", content))

    def capture(self):
        def body(order):
            left = max(order["amount"] - order["captured"], 1)
            part = left if self.rng.random() < 0.4 else self.rng.randrange(1, left + 2)
            invoice = {"number": self.number("i"), "invoice_date": TODAY.isoformat(), "amount": money(part)}
            return {"invoice": invoice, "remainder": self.rng.choice(["keep", "keep", "release"])}

        order, done = self.of_one("capture", body)
        if order and done[1].is_good:
            held = done[1].body["reservation"]
            order["captured"] += minor(done[0]["invoice"]["amount"])
            ends = order["captured"] >= order["amount"] or done[0]["remainder"] == "release"
            order["status"] = "captured" if ends else "partially_captured"
            if held["status"] != order["status"] or minor(held["captured"]) != order["captured"]:
                self.caller.findings.lie(f"a capture of {order} was answered {held}")

    def release(self):
        order, done = self.of_one("release", lambda order: {"reason": "The order is no more."})
        if order and done[1].is_good:
            order["status"] = "released"

    def amend(self):
        order, done = self.of_one("amend", lambda order: {"amount": money(self.rng.randrange(1, 40_000))})
        if order and done[1].is_good:
            order["amends"] = order.get("amends", 0) + 1
            block = done[1].body["credit_block"]
            if done[1].body["reservation"] or (block and not self.withdraw(block["id"])):
                order["amount"] = minor(done[0]["amount"])

    def withdraw(self, block):
        """An order that may not grow stays as it was; false when netterms found room and let it grow first."""
        path = f"/v1/credit-blocks/{block}"
        for _ in range(10):
            now = self.caller.get(path)
            if now.body["status"] != "open":
                break
            body = {"reason": "It stays as it was."}
            etag = now.headers.get("etag")
            self.caller.settle(Request("order-system", f"{path}/withdraw", body, self.number("k"), etag))
        return now.body["status"] != "auto_released"

    def extend(self):
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.rng.uniform(3, 60))
        text = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        order, done = self.of_one("extend", lambda order: {"reserve_until": text})
        if order and done[1].is_good:
            order["until"] = until

    def pay(self):
        body = {
            "number": self.number("r"), "customer": self.book.pick(self.rng),
            "receipt_date": TODAY.isoformat(), "amount": money(self.rng.randrange(1, 40_000)),
        }
        self.post("/v1/receipts", body, who="u-finance")


class Officer:
    """Credit: lowers limits at once, and raises them by an application that several people carry."""

    def __init__(self, caller, book):
        self.caller, self.book, self.made = caller, book, 0
        accounts = caller.everything("/v1/credit-accounts")
        self.accounts = {account["customer_number"]: account["id"] for account in accounts}

    def key(self):
        self.made += 1
        return f"{self.book.name}-officer-{self.made}"

    def step(self, who, path, verb, body):
        etag = self.caller.get(path, who="u-auditor").headers.get("etag")
        return self.caller.settle(Request(who, f"{path}/{verb}", body, self.key(), etag))

    def work(self, stop):
        while not stop.is_set():
            number = self.book.pick(self.caller.rng)
            self.lower(number, self.book.limits[number] * self.caller.rng.randrange(5, 95) // 100)
            stop.wait(0.3)
            self.put_back(number)
            stop.wait(0.3)

    def lower(self, number, to):
        path = f"/v1/credit-accounts/{self.accounts[number]}"
        body = {"limit": money(to - to % 100), "reason": "Pays ever later."}
        if self.step("u-credit", path, "lower-limit", body).is_good:
            self.caller.findings.count("limits lowered")

    def put_back(self, number):
        """Never beyond what it was, so that a watcher knows what nobody may pass."""
        limit = money(self.book.limits[number])
        body = {
            "customer": number, "requested_limit": limit, "requested_net_days": 30, "purpose": "The season.",
        }
        made = self.caller.settle(Request("u-sales", "/v1/applications", body, self.key()))
        if not made.is_good:
            return
        path = f"/v1/applications/{made.body['id']}"
        recommending = {"limit": limit, "net_days": 30, "reason": "Pays on time."}
        steps = [
            ("u-sales", "submit", {}), ("u-credit", "start-review", {}), ("u-credit", "recommend", recommending),
            ("u-chief", "approve", {"reason": "Sound figures."}),
        ]
        for who, verb, body in steps:
            answer = self.step(who, path, verb, body)
        if answer.is_good:
            self.caller.findings.count("limits raised")


class Rater:
    """Credit rates the whole book, again and again: a job."""

    def __init__(self, caller, book):
        self.caller, self.book, self.made = caller, book, 0

    def work(self, stop):
        while not stop.is_set():
            self.made += 1
            key = f"{self.book.name}-rater-{self.made}"
            begun = self.caller.settle(Request("u-credit", "/v1/rating-runs", {}, key))
            if not begun.is_good:
                return self.caller.findings.lie(f"a rating run was answered {begun.status} {begun.body}")
            while not stop.is_set() and not self.is_done(begun.body["id"]):
                stop.wait(0.1)

    def is_done(self, job):
        now = self.caller.get(f"/v1/jobs/{job}", who="u-credit").body
        if now["status"] == "failed":
            self.caller.findings.lie(f"a rating run failed: {now['errors']}")
        if now["status"] == "succeeded":
            self.caller.findings.count("rating runs")
        return now["status"] not in ("queued", "running")


class Watcher:
    """Reads the accounts all the time: no exposure may pass the highest limit that ever held."""

    def __init__(self, caller, book):
        self.caller, self.book = caller, book

    def watch(self, stop):
        while not stop.is_set():
            page = self.caller.get("/v1/credit-accounts?limit=200").body or {}
            for account in page.get("data", []):
                self.look(account)
            self.caller.findings.count("looks")
            stop.wait(0.05)

    def look(self, account):
        number, owed = account["customer_number"], minor(account["exposure"]["total"])
        limit = self.book.limits.get(number)
        if limit is not None and owed > limit:
            self.caller.findings.lie(f"{number} owes {owed}, and its limit never was more than {limit}")
        if number == self.book.head:
            owed = minor(account["group"]["exposure"]["total"])
            if owed > self.book.group_limit:
                self.caller.findings.lie(f"{number} owes {owed} as a group, and may {self.book.group_limit}")


def together(jobs, seconds):
    """Runs each job with a flag that says when to stop, and gives the flag and a way to wait."""
    stop = threading.Event()
    threads = [threading.Thread(target=job, args=(stop,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()

    def join():
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
            if thread.is_alive():
                raise SystemExit("a caller hangs")

    if seconds:
        time.sleep(seconds)
        join()
    return stop, join
