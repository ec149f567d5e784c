"""Whether the answers about one account can be put into one order: each as if nobody else had been there.

Callers of both servers ask about an account at the same time, and note when each asked and was answered. An order of
all requests is looked for, in which none comes before one that was answered before it was sent, and in which a desk
that does one thing after the other would have given the same answers. (Wing and Gong, Testing and verifying concurrent
objects, 1993.)
"""

import threading
import time

from house import Request
from trade import minor, money

# What is asked at once, how often, and how much of the limit an order takes.
CALLERS, REQUESTS, LIMIT = 4, 6, 100_000
AMOUNTS = (15_000, 65_000)


class Event:
    """A request with the time from when it was sent until it was answered, and what the answer said."""

    def __init__(self, kind, order, amount, sent, answered, told):
        self.kind, self.order, self.amount = kind, order, amount
        self.sent, self.answered, self.told = sent, answered, told

    def __repr__(self):
        return f"{self.kind} {self.order} {self.amount} -> {self.told} [{self.sent:.6f}, {self.answered:.6f}]"


class Clerk:
    """A desk that does one thing after the other: what is reserved, and which orders wait for credit. The house may
    let an order that waits go on at any moment at which there is room."""

    def __init__(self, held=frozenset(), waiting=frozenset()):
        self.held, self.waiting = held, waiting

    @property
    def state(self):
        return self.held, self.waiting

    @property
    def taken(self):
        return sum(amount for _, amount in self.held)

    def after(self, event):
        """The desk after it has done this, or none when it would have answered otherwise."""
        order = (event.order, event.amount)
        if event.kind == "look":
            return self if event.told == self.taken else None
        if event.kind == "release":
            return Clerk(self.held - {order}, self.waiting) if order in self.held else None
        fits = self.taken + event.amount <= LIMIT
        if event.told != ("held" if fits else "waits"):
            return None
        return Clerk(self.held | {order}, self.waiting) if fits else Clerk(self.held, self.waiting | {order})

    def by_itself(self):
        """What netterms may do of its own accord."""
        for order in self.waiting:
            if self.taken + order[1] <= LIMIT:
                yield Clerk(self.held | {order}, self.waiting - {order})


def is_explained(events):
    """Whether there is such an order of the events."""
    seen, open_ends = set(), [(frozenset(range(len(events))), Clerk())]
    while open_ends:
        left, clerk = open_ends.pop()
        if not left:
            return True
        if (left, clerk.state) in seen:
            continue
        seen.add((left, clerk.state))
        open_ends += [(left, later) for later in clerk.by_itself()]
        soonest = min(events[at].answered for at in left)
        for at in left:
            # Whatever was sent after another's answer comes after it.
            if events[at].sent <= soonest and (later := clerk.after(events[at])):
                open_ends.append((left - {at}, later))
    return False


def lies_are_found(events):
    """Whether the search would notice a figure that never was: an answer is changed, and no order may explain it."""
    looks = [event for event in events if event.kind == "look"]
    for event in looks[:1]:
        told, event.told = event.told, event.told + 1
        found = not is_explained(events)
        event.told = told
        return found
    return True


class Asker:
    """One of those who ask about the account, at once with the others."""

    def __init__(self, caller, customer, name, events):
        self.caller, self.customer, self.name, self.events = caller, customer, name, events
        self.held, self.made = [], 0

    def ask(self, barrier):
        for _ in range(REQUESTS):
            barrier.wait()
            kind = self.caller.rng.choices(["reserve", "look", "release"], [4, 3, 3])[0]
            if kind == "release" and self.held:
                self.release()
            elif kind == "look":
                self.look()
            else:
                self.reserve()

    def note(self, kind, order, amount, path, body, read):
        self.made += 1
        request = Request("order-system", path, body, f"{self.name}-k{self.made}")
        sent = time.monotonic()
        answer = self.caller.settle(request)
        answered = time.monotonic()
        if not answer.is_good:
            return self.caller.findings.lie(f"{kind} of {order} was answered {answer.status} {answer.body}")
        told = read(answer.body)
        self.events.append(Event(kind, order, amount, sent, answered, told))
        return answer.body

    def reserve(self):
        order, amount = f"{self.name}-o{self.made}", self.caller.rng.randrange(*AMOUNTS)
        body = {"customer": self.customer, "order_number": order, "amount": money(amount), "reserve": True}
        read = lambda body: "held" if body["reservation"] else "waits"
        answer = self.note("reserve", order, amount, "/v1/limit-checks", body, read)
        if answer and answer["reservation"]:
            self.held.append((order, amount, answer["reservation"]["id"]))

    def release(self):
        order, amount, held = self.held.pop(self.caller.rng.randrange(len(self.held)))
        body = {"reason": "The order is no more."}
        self.note("release", order, amount, f"/v1/reservations/{held}/release", body, lambda body: None)

    def look(self):
        """A check that takes nothing says what is taken."""
        body = {"customer": self.customer, "order_number": f"{self.name}-q{self.made}", "amount": money(1)}
        read = lambda body: minor(body["credit_account"]["exposure"]["by_category"]["reservations"])
        self.note("look", None, 0, "/v1/limit-checks", body, read)


def history(callers, customer):
    """What several callers were told about one account that they asked about at once."""
    events, barrier = [], threading.Barrier(len(callers))
    askers = [Asker(caller, customer, f"{customer}-a{at}", events) for at, caller in enumerate(callers)]
    threads = [threading.Thread(target=asker.ask, args=(barrier,)) for asker in askers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return events
