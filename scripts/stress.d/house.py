"""Servers that can be killed, callers that keep a journal, and what both are answered."""

import http.client
import json
import os
import random
import secrets
import subprocess
import threading
import time

BIN = os.environ["NETTERMS_BIN"]
SECRET = secrets.token_hex(32)
ROLES = {
    "order-system": ["system"],
    "u-sales": ["sales"],
    "u-credit": ["credit"],
    "u-chief": ["credit"],
    "u-finance": ["finance"],
    "u-auditor": ["auditor"],
}
LEVELS = {"u-chief": "2", "u-finance": "3"}


class Findings:
    """What went wrong, told once each, by whoever saw it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.lies = []
        self.counts = {}
        self.slowest = 0.0

    def lie(self, text):
        with self.lock:
            self.lies.append(text)

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + by


# Load is what callers may not make.
UNLIMITED = {"NETTERMS_RATE_LIMIT_PER_SECOND": "0", "NETTERMS_FAILED_SIGN_INS_PER_MINUTE": "0"}


def environment(url, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NETTERMS_")}
    return kept | {"NETTERMS_DATABASE_URL": url, "NETTERMS_JWT_SECRET": SECRET, "NETTERMS_LOG": "warn"} | UNLIMITED | more


def run(url, *arguments):
    """Runs a command of the program, and gives its exit code and what it printed."""
    done = subprocess.run([BIN, *arguments], env=environment(url), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def can_fail():
    """Whether the program has fault points: then it has the name of the variable that sets them."""
    with open(BIN, "rb") as program:
        return b"FAILPOINTS" in program.read()


def tokens():
    """A token for everybody."""
    minted = {}
    for name, roles in ROLES.items():
        arguments = ["token", "--subject", name]
        for role in roles:
            arguments += ["--role", role]
        if name in LEVELS:
            arguments += ["--authority-level", LEVELS[name]]
        code, text = run("sqlite://unused", *arguments)
        if code != 0:
            raise SystemExit(f"no token for {name}: {text}")
        minted[name] = text.strip()
    return minted


class Server:
    """One server process on a port of its own."""

    def __init__(self, url, folder, name, **settings):
        self.url, self.log = url, os.path.join(folder, f"{name}.log")
        self.settings = settings
        self.process, self.port = None, None

    def start(self):
        # Where the program is made to fail at random, it does so while it starts as well, more often than not.
        for _ in range(100):
            port = self.port or random.SystemRandom().randrange(10_000, 20_000)
            more = {"NETTERMS_LISTEN": f"127.0.0.1:{port}", **self.settings}
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [BIN, "serve"], env=environment(self.url, **more), stdout=log, stderr=log, stdin=subprocess.DEVNULL
                )
            if self.is_ready(port):
                self.port = port
                return self
            self.kill()
        raise SystemExit(f"a server does not start; see {self.log}")

    def is_ready(self, port):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                connection.request("GET", "/readyz")
                status = connection.getresponse().status
                connection.close()
                # Somebody else's server on this port is not ours.
                if status == 200 and self.process.poll() is None:
                    return True
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        return False

    def faults(self):
        """What it was made to do, as its log tells."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            for line in log:
                if " a fault: " in line:
                    yield line.split(" a fault: ")[1].strip()

    def kill(self):
        """As kill -9 does: no farewell."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.kill()


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers = status, headers
        try:
            self.body = json.loads(text) if text else None
        except ValueError:
            self.body = None

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) and self.status >= 400 else None

    @property
    def is_good(self):
        return 200 <= self.status < 300

    @property
    def is_replayed(self):
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def is_for_later(self):
        return self.status == 503 or self.code == "request_in_progress"


class Request:
    """A request that may be sent again: the same key, the same body."""

    def __init__(self, who, path, body, key, etag=None):
        self.who, self.path, self.body, self.key, self.etag = who, path, body, key, etag

    def as_json(self):
        return {"who": self.who, "path": self.path, "body": self.body, "key": self.key, "etag": self.etag}


class Journal:
    """What was sent and answered, on the disk before the next step."""

    def __init__(self, folder, name):
        self.file = open(os.path.join(folder, f"{name}.journal"), "a", encoding="utf-8")

    def write(self, **line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def sync(self):
        os.fsync(self.file.fileno())


class Caller:
    """Somebody who calls one of the servers, keeps a journal, and asks again until the outcome is known."""

    def __init__(self, servers, minted, journal, rng, findings):
        self.servers, self.minted, self.journal, self.rng = servers, minted, journal, rng
        self.findings = findings
        self.connections = {}

    def exchange(self, server, method, path, who, body=None, key=None, etag=None, timeout=20):
        """One request on a connection that is used again; None when there is no answer."""
        connection = self.connections.pop(server.port, None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        headers = {"Authorization": f"Bearer {self.minted[who]}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        if etag:
            headers["If-Match"] = etag
        began = time.monotonic()
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            reply = connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None
        self.connections[server.port] = connection
        self.findings.slowest = max(self.findings.slowest, time.monotonic() - began)
        answer = Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text)
        self.judge(method, path, answer)
        return answer

    def judge(self, method, path, answer):
        """No answer may be a 500, and one that puts off must say until when."""
        if answer.status >= 500 and answer.status != 503:
            self.findings.lie(f"{method} {path} was answered {answer.status}: {answer.body}")
        if answer.status == 503:
            self.findings.count("503")
            if "retry-after" not in answer.headers or "problem+json" not in answer.headers.get("content-type", ""):
                self.findings.lie(f"{method} {path}: a 503 without Retry-After: {answer.headers} {answer.body}")

    def get(self, path, who="u-auditor", patience=30):
        """Reads, for as long as nobody can answer."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            answer = self.exchange(self.rng.choice(self.servers), "GET", path, who)
            if answer is not None and answer.status != 503:
                return answer
            time.sleep(0.05)
        self.findings.lie(f"GET {path} had no answer in {patience} s")
        return Answer(599, {}, b"")

    def everything(self, path):
        """All rows of a list."""
        sign, cursor, rows = "&" if "?" in path else "?", "", []
        while True:
            page = self.get(f"{path}{sign}limit=200{cursor}").body
            rows += page["data"]
            if not page.get("next_cursor"):
                return rows
            cursor = f"&cursor={page['next_cursor']}"

    def send(self, request, server=None):
        """Sends it once, journal first."""
        server = server or self.rng.choice(self.servers)
        self.journal.write(what="request", **request.as_json())
        self.journal.sync()
        self.findings.count("requests")
        answer = self.exchange(server, "POST", request.path, request.who, request.body, request.key, request.etag)
        if answer is None:
            self.journal.write(what="unknown", key=request.key)
            self.findings.count("unknown")
        else:
            self.journal.write(what="answer", key=request.key, status=answer.status, body=answer.body)
        return answer

    def settle(self, request, patience=60):
        """Sends it until its outcome is known, with the same key, to whichever server."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            answer = self.send(request)
            if answer is not None and not answer.is_for_later:
                if answer.is_good:
                    self.findings.count("accepted")
                return answer
            time.sleep(self.rng.uniform(0.01, 0.1))
        self.findings.lie(f"POST {request.path} with {request.key} had no outcome in {patience} s")
        return Answer(599, {}, b"")
