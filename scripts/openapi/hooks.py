"""For schemathesis: who asks, and ids of what there is.

A fresh account, admitted to the sale, every few seconds: operations under test sign out, leave the queue,
use up admissions and close sales, and the next request must find everything open again.
"""

import json
import os
import threading
import time
import urllib.error
import urllib.request
import uuid

import schemathesis

URL = os.environ["OPENAPI_CHECK_URL"].rstrip("/") + "/api/v1"
KEY = os.environ["OPENAPI_CHECK_KEY"]
known: dict = {}
lock = threading.Lock()


def ask(method, path, body=None, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None
    if body is not None:
        data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(URL + path, data, sent, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else {}


def is_open():
    if "concert" not in known:
        return False
    try:
        return ask("GET", f"/concerts/{known['concert']}")["sale"] == "open"
    except urllib.error.HTTPError:
        return False


def open_sale():
    made = ask(
        "POST",
        "/admin/concerts",
        {
            "name": "Tried",
            "theater": "Loopback Hall",
            "run_time_minutes": 90,
            "opens_at": "2020-01-01T00:00:00Z",
            "seats_per_user": 50,
            "max_active": 100000,
            "admissions_per_second": 100000,
            "dates": [
                {"starts_at": "2090-05-01T19:00:00Z", "seats": [{"from": 1, "to": 500, "zone": "R", "price": 5}]}
            ],
        },
        X_Api_Key=KEY,
    )
    known["concert"], known["date"] = made["concert_id"], made["concert_date_ids"][0]
    known.setdefault("seat", 0)


def fresh():
    if not is_open():
        open_sale()
    who = {"username": "u" + uuid.uuid4().hex[:20], "password": "correct horse"}
    known["user"] = ask("POST", "/users", who)["user_id"]
    identity = "Bearer " + ask("POST", "/sessions", who)["access_token"]
    # One that can be ended: the one that asks stays.
    other = "Bearer " + ask("POST", "/sessions", who)["access_token"]
    sessions = ask("GET", "/me/sessions", Authorization=other)["sessions"]
    known["session"] = next(s["session_id"] for s in sessions if s["current"])
    try:
        token = ask("POST", f"/concerts/{known['concert']}/queue-tokens", {}, Authorization=identity)["token"]
    except urllib.error.HTTPError:
        open_sale()
        token = ask("POST", f"/concerts/{known['concert']}/queue-tokens", {}, Authorization=identity)["token"]
    shop = {"Authorization": identity, "X_Queue_Token": token}
    for _ in range(100):
        if ask("GET", "/queue-tokens/me", **shop)["state"] == "admitted":
            break
        time.sleep(0.05)
    known["seat"] = known["seat"] % 500 + 1
    try:
        body = {"concert_date_id": known["date"], "seat_numbers": [known["seat"]]}
        known["reservation"] = ask("POST", "/reservations", body, **shop)["reservation_id"]
    except urllib.error.HTTPError as error:
        print("no reservation:", error.read().decode())
        known["reservation"] = str(uuid.uuid4())
    return identity, token


@schemathesis.auth(refresh_interval=3)
class Everybody:
    def get(self, case, context):
        with lock:
            return fresh()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"], case.headers["X-Queue-Token"] = data
        case.headers["X-Api-Key"] = KEY


def real_id(path):
    for start, name in [
        ("/api/v1/concert-dates/", "date"),
        ("/api/v1/users/", "user"),
        ("/api/v1/reservations/", "reservation"),
        ("/api/v1/concerts/", "concert"),
        ("/api/v1/me/reservations/", "reservation"),
        ("/api/v1/me/sessions/", "session"),
        ("/api/v1/admin/concerts/", "concert"),
        ("/api/v1/admin/concert-dates/", "date"),
        ("/api/v1/admin/users/", "user"),
    ]:
        if path.startswith(start):
            return known.get(name)
    return None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Requests that are meant to be taken ask about what there is."""
    mode = case.meta.generation.mode if case.meta else None
    if mode is None or mode.is_positive:
        found = real_id(case.operation.path)
        if found and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = found
        if isinstance(case.body, dict) and "concert_date_id" in case.body:
            case.body["concert_date_id"] = known["date"]
            seats = case.body.get("seat_numbers")
            if isinstance(seats, list) and all(isinstance(seat, (int, float)) for seat in seats):
                case.body["seat_numbers"] = sorted({int(seat - 1) % 500 + 1 for seat in seats})
        # Of the queues of a concert only its general one is there: one that is made up is rightly not found.
        for given in (case.body, case.query):
            if isinstance(given, dict):
                given.pop("queue_id", None)
        if case.operation.path == "/api/v1/me" and isinstance(case.body, dict):
            # An account of its own: without the one that asks, the other operations would meet nothing.
            who = {"username": "d" + uuid.uuid4().hex[:20], "password": "correct horse"}
            ask("POST", "/users", who)
            case.headers["Authorization"] = "Bearer " + ask("POST", "/sessions", who)["access_token"]
            case.body["password"] = who["password"]
