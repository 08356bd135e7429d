#!/usr/bin/env python3
"""The figures of `report winrate|reps|funnel`, computed a second time from their definitions.

    metrics_reference.py PROGRAM SEED[-SEED]...
                                        a synthetic team per seed, against PROGRAM
    metrics_reference.py --export FILE REPORT CURRENCY AGAINST [FROM TO [PIPELINE]]
                                        figures of `sluice export --json`, against those of
                                        `sluice report REPORT --json` of the days FROM to TO (not
                                        included), or of all

Shares no code with the engine: a deal's life is a list of stretches in time here, not visits that
are resumed. The team is made from the seed: moves, skips, steps back, ice, reopening, undo of undo,
imports with and without a past, deletions taken back or followed by another life, corrected
closings, other pipelines, owners that change, several currencies, unknown and late times, closings
within seconds of local midnight and of the change to summer time."""

import json
import random
import subprocess
import sys
from datetime import datetime, timezone
from fractions import Fraction

DAY = 86400000
OPEN, WON, LOST, ICED, DISCARDED = 1, 2, 3, 4, 5
CREATED, STAGE, FIELD, DELETED, IMPORTED = 1, 2, 3, 4, 5
PIPELINES = {
    "sales": [("lead", "lead"), ("contact", "open"), ("qualification", "open"),
              ("proposal", "open"), ("won", "won"), ("lost", "lost")],
    "renewal": [("talk", "open"), ("sign", "open"), ("signed", "won"), ("dropped", "lost")],
}
ALL = (-2147483648, 2147483647)
COUNTED_NOTES = ["undone", "other_currency", "no_value", "unknown_closing", "unknown_entry",
                 "unknown_duration", "never_proper", "late", "unknown_activity", "thin"]


def kind(pipeline, stage):
    return dict(PIPELINES[pipeline]).get(stage)


def position(pipeline, stage):
    return [key for key, _ in PIPELINES[pipeline]].index(stage)


class Zone:
    def __init__(self, first, shifts):
        self.first, self.shifts = first, shifts

    def date(self, ms):
        offset = self.first
        for at, after in self.shifts:
            if ms >= at * 1000:
                offset = after
        return (ms + offset * 1000) // DAY


# --- arithmetic ---

def half_even(fraction):
    return round(fraction)  # of a Fraction: half to even


def percent(part, whole):
    return "n/a" if whole <= 0 else half_even(Fraction(part * 10000, whole))


def mean(values):
    return half_even(Fraction(sum(values), len(values))) if values else "n/a"


def nearest_rank(values, p):
    if not values:
        return "n/a"
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * p // 100) - 1)]


# --- a deal's life ---

def takes_back(one, other):
    """Is `one` about the same thing as `other`, the place or a field, and its undo?"""
    if not one["undoes"] or one["undoes"] != other["mutation"]:
        return False
    place = one["what"] != FIELD
    return place == (other["what"] != FIELD) and (place or one["field"] == other["field"])


def standing(events):
    """The events of where the deal stood that count, and how many of those do not. What is taken
    back by something that stands does not stand; nor does what took it back, nor anything before
    the last deletion that stands."""
    n = len(events)
    stands, undo = [True] * n, [False] * n
    for i in reversed(range(n)):
        backs = [j for j in range(i + 1, n) if stands[j] and takes_back(events[j], events[i])]
        stands[i] = not backs
        for j in backs:
            undo[j] = True
    deleted = [i for i in range(n) if stands[i] and events[i]["what"] == DELETED]
    start = deleted[-1] + 1 if deleted else 0
    places = [i for i in range(n) if events[i]["what"] not in (FIELD, DELETED)]
    count = [i for i in places if i >= start and stands[i] and not undo[i]]
    return [events[i] for i in count], len(places) - len(count)


class Life:
    """Stretches (pipeline, stage, status, from, to, owner) of one deal; to None: still so."""

    def __init__(self, deal):
        self.deal = deal
        places, self.undone = standing(deal["events"])
        self.closing = None      # the event that closed it, while it is closed
        self.closed = []         # (from, to) of the times it was closed, once it was an opportunity
        self.stays = []          # lists of stretches: one list per stay in a stage
        proper_seen = False
        current = None
        self.saw_lead = False
        for e in places:
            at = e["happened"]
            if current:
                current[-1]["to"], current[-1]["ended"] = at, True
            if e["status"] in (WON, LOST, DISCARDED):
                current = None
                self.closing = e
                self.closing_from = next(
                    ((s[0]["pipeline"], s[0]["stage"]) for s in reversed(self.stays)
                     if kind(s[0]["pipeline"], s[0]["stage"]) == "open"), None)
                continue
            if self.closing and self.closing_from:
                self.closed.append((self.closing["happened"], at))
            self.closing = None
            stretch = {"pipeline": e["pipeline"], "stage": e["stage"], "status": e["status"],
                       "from": at, "to": None, "ended": False, "owner": e["owner"],
                       "recorded": e["recorded"]}
            same = current and current[0]["pipeline"] == e["pipeline"] and \
                current[0]["stage"] == e["stage"]
            if same:
                current.append(stretch)
            else:
                current = [stretch]
                self.stays.append(current)
            if kind(e["pipeline"], e["stage"]) == "lead":
                self.saw_lead = True
            proper_seen = proper_seen or kind(e["pipeline"], e["stage"]) == "open"
        self.proper = deal["status"] == WON or proper_seen or \
            (deal["status"] == LOST and not self.saw_lead)

    def proper_stays(self, pipeline=None):
        return [s for s in self.stays if kind(s[0]["pipeline"], s[0]["stage"]) == "open" and
                (pipeline is None or s[0]["pipeline"] == pipeline)]

    def over(self, stay):
        return stay[-1]["ended"]

    def owner_at_close(self):
        if self.closing and self.closing["status"] == self.deal["status"]:
            return self.closing["owner"]
        return self.deal["owner"]

    def duration(self, stay):
        """Without ice; None when a boundary that matters is not known."""
        whole = span(stay[0]["from"], stay[-1]["to"])
        ice = [span(s["from"], s["to"]) for s in merged_ice(stay)]
        if whole is None or None in ice:
            return None
        return whole - sum(ice) if whole >= sum(ice) else None

    def cycle(self, end):
        stays = self.proper_stays()
        if not stays:
            return None
        first = self.stays.index(stays[0])
        whole = span(stays[0][0]["from"], end)
        pauses = [span(a, b) for a, b in self.closed]
        for stay in self.stays[first:]:
            pauses += [span(s["from"], s["to"] if s["ended"] else end) for s in merged_ice(stay)]
        if whole is None or None in pauses:
            return None
        return whole - sum(pauses) if whole >= sum(pauses) else None


def merged_ice(stay):
    """Ice right upon ice is one."""
    out, before = [], None
    for s in stay:
        if s["status"] == ICED and before == ICED:
            out[-1]["to"], out[-1]["ended"] = s["to"], s["ended"]
        elif s["status"] == ICED:
            out.append({"from": s["from"], "to": s["to"], "ended": s["ended"]})
        before = s["status"]
    return out


def span(a, b):
    return None if a is None or b is None or b < a else b - a


# --- reports ---

class Figures:
    def __init__(self, team, question):
        self.team, self.q = team, question
        self.rows, self.total = [], None
        self.notes = dict.fromkeys(COUNTED_NOTES, 0)

    def within(self, ms):
        return self.q["from"] <= self.team["zone"].date(ms) < self.q["to"]

    def late(self, recorded):
        return recorded is not None and self.team["zone"].date(recorded) >= self.q["to"]

    def mine(self, owner):
        return self.q["owner"] is None or owner == self.q["owner"]

    def worth(self, deal):
        """Minor units in the report's currency; None: in another."""
        if deal["value"] is None:
            return 0
        if deal["currency"] == self.q["currency"]:
            return deal["value"]
        self.notes["other_currency"] += 1
        return None


def closings(f):
    """(life, deal, owner, worth) of what was closed in the period, and counts what is left out."""
    for life in f.team["lives"]:
        deal = life.deal
        f.notes["undone"] += life.undone
        if f.q["pipeline"] and deal["pipeline"] != f.q["pipeline"]:
            continue
        if deal["status"] not in (WON, LOST):
            continue
        owner = life.owner_at_close()
        if not f.mine(owner):
            continue
        if not life.proper:
            f.notes["never_proper"] += 1
        elif deal["closed"] is None:
            f.notes["unknown_closing"] += 1
        elif f.within(deal["closed"]):
            f.notes["late"] += f.late(recorded_close(life))
            worth = f.worth(deal)
            if deal["status"] == WON and life.cycle(deal["closed"]) is None:
                f.notes["unknown_duration"] += 1
            if worth is not None and deal["value"] is None:
                f.notes["no_value"] += 1
            yield life, deal, owner, worth


def rates(closed):
    won = [c for c in closed if c[1]["status"] == WON]
    lost = [c for c in closed if c[1]["status"] == LOST]
    won_value = sum(c[3] or 0 for c in won)
    lost_value = sum(c[3] or 0 for c in lost)
    by_value = percent(won_value, won_value + lost_value)
    if lost and lost_value == 0:
        by_value = "n/a"
    return {"won": len(won), "lost": len(lost), "won_value": won_value, "lost_value": lost_value,
            "win_rate": percent(len(won), len(won) + len(lost)), "win_rate_value": by_value}


def owner_key(owner):
    return "none" if owner is None else "00000000-0000-0000-0000-%012x" % owner


def month_key(days):
    return datetime.fromtimestamp(days * 86400, timezone.utc).strftime("%Y-%m")


def winrate(f):
    closed = list(closings(f))
    groups = {}
    for c in closed:
        if f.q["by"] == 1:
            groups.setdefault(owner_key(c[2]), []).append(c)
        if f.q["by"] == 2:
            groups.setdefault(c[1]["source"] or "none", []).append(c)
        if f.q["by"] == 3:
            groups.setdefault(month_key(f.team["zone"].date(c[1]["closed"])), []).append(c)
    f.rows = [(key, rates(groups[key])) for key in sorted(groups)]
    f.total = rates(closed)
    f.notes["thin"] = len(closed) if len(closed) < 20 else 0


def reps(f):
    closed = list(closings(f))
    everybody = {}
    for c in closed:
        everybody.setdefault(c[2], {"closed": [], "open": [], "done": []})["closed"].append(c)
    for life in f.team["lives"]:
        deal = life.deal
        if f.q["pipeline"] and deal["pipeline"] != f.q["pipeline"]:
            continue
        if deal["status"] == OPEN and kind(deal["pipeline"], deal["stage"]) == "open" and \
                f.mine(deal["owner"]):
            who = everybody.setdefault(deal["owner"], {"closed": [], "open": [], "done": []})
            who["open"].append(f.worth(deal) or 0)
    for act in f.team["activities"]:
        if not f.mine(act["owner"]):
            continue
        if act["happened"] is None:
            f.notes["unknown_activity"] += 1
        elif f.within(act["happened"]):
            who = everybody.setdefault(act["owner"], {"closed": [], "open": [], "done": []})
            who["done"].append(act["type"])

    def row(parts):
        figures = rates(parts["closed"])
        del figures["lost_value"], figures["win_rate_value"]
        cycles = [life.cycle(deal["closed"]) for life, deal, _, _ in parts["closed"]
                  if deal["status"] == WON]
        cycles = [c for c in cycles if c is not None]
        figures.update(open=len(parts["open"]), open_value=sum(parts["open"]),
                       cycle_mean=mean(cycles), cycle_median=nearest_rank(cycles, 50))
        for n, name in enumerate(("calls", "mails_out", "mails_in", "meetings", "notes")):
            figures[name] = parts["done"].count(n + 1)
        return figures

    rows = [(owner_key(owner), row(parts)) for owner, parts in everybody.items()]
    for _, figures in rows:
        figures["rank"] = 1 + sum(1 for _, o in rows if o["won_value"] > figures["won_value"])
    f.rows = sorted(rows, key=lambda r: (-r[1]["won_value"], r[0]))
    f.total = row({part: sum((w[part] for w in everybody.values()), [])
                   for part in ("closed", "open", "done")})
    f.total["rank"] = "n/a"
    f.notes["thin"] = len(closed) if len(closed) < 20 else 0


def arrival(life, pipeline, at):
    """When the stage at that position, or one behind it, was first entered, whose it was, and when
    that was recorded."""
    for stay in life.proper_stays(pipeline):
        if position(pipeline, stay[0]["stage"]) >= at:
            return stay[0]["from"], stay[0]["owner"], stay[0]["recorded"]
    if life.deal["status"] == WON and life.deal["pipeline"] == pipeline:
        return life.deal["closed"], life.owner_at_close(), recorded_close(life)
    return None


def recorded_close(life):
    """Of the closing that stands."""
    told = life.closing and life.closing["status"] == life.deal["status"]
    return life.closing["recorded"] if told else None


def fate(life, pipeline, at):
    deal = life.deal
    won_here = deal["status"] == WON and deal["pipeline"] == pipeline
    if won_here or any(position(pipeline, s[0]["stage"]) > at for s in life.proper_stays(pipeline)):
        return "advanced"
    if deal["pipeline"] != pipeline:
        return "elsewhere"
    return {LOST: "lost", ICED: "iced", DISCARDED: "discarded"}.get(deal["status"], "open")


FATES = ("advanced", "lost", "iced", "elsewhere", "discarded", "open")


def funnel(f):
    pipeline = f.q["pipeline"] or "sales"
    shown = [key for key, what in PIPELINES[pipeline] if what == "open"]
    sums = {key: dict.fromkeys(FATES + ("entered", "failed", "lost_in_period", "running"), 0)
            for key in shown}
    times = {key: [] for key in shown}
    unknown = 0
    for life in f.team["lives"]:
        deal = life.deal
        f.notes["undone"] += life.undone
        dateless = late = False
        lost_from = life.closing_from if life.closing else None
        for key in shown:
            at = position(pipeline, key)
            came = arrival(life, pipeline, at)
            if came is None or not f.mine(came[1]):
                continue
            if came[0] is None:
                dateless = True
            elif f.within(came[0]):
                late = late or f.late(came[2])
                sums[key]["entered"] += 1
                sums[key][fate(life, pipeline, at)] += 1
                if deal["status"] == LOST and deal["pipeline"] == pipeline and \
                        lost_from == (pipeline, key):
                    sums[key]["failed"] += 1
        f.notes["unknown_entry"] += dateless
        if deal["status"] == LOST and deal["pipeline"] == pipeline and \
                f.mine(life.owner_at_close()):
            if not life.proper:
                f.notes["never_proper"] += 1
            elif deal["closed"] is None:
                f.notes["unknown_closing"] += 1
            elif f.within(deal["closed"]):
                late = late or f.late(recorded_close(life))
                if lost_from and lost_from[0] == pipeline:
                    sums[lost_from[1]]["lost_in_period"] += 1
                else:
                    unknown += 1
        f.notes["late"] += late
        for stay in life.proper_stays(pipeline):
            if not f.mine(stay[0]["owner"]):
                continue
            if not life.over(stay):
                sums[stay[0]["stage"]]["running"] += stay[-1]["status"] != ICED
            elif stay[-1]["to"] is None or f.within(stay[-1]["to"]):
                took = life.duration(stay)
                if took is None:
                    f.notes["unknown_duration"] += 1
                else:
                    times[stay[0]["stage"]].append(took)
    for key in shown:
        s = sums[key]
        assert sum(s[fate_name] for fate_name in FATES) == s["entered"]
        s.update(conversion=percent(s["advanced"], s["entered"]),
                 conversion_decided=percent(s["advanced"], s["advanced"] + s["lost"]),
                 time_mean=mean(times[key]), time_median=nearest_rank(times[key], 50),
                 time_p90=nearest_rank(times[key], 90))
        s["failed"] = percent(s["failed"], s["entered"])
        f.rows.append((key, s))
    if unknown:
        f.rows.append(("unknown", dict.fromkeys(f.rows[0][1], "n/a")))
        f.rows[-1][1]["lost_in_period"] = unknown
    most = max(sums[key]["entered"] for key in shown)
    f.notes["thin"] = most if most < 20 else 0


REPORTS = {"winrate": winrate, "reps": reps, "funnel": funnel}


# --- a team from a seed ---

def utc_days(year, month, day):
    return int(datetime(year, month, day, tzinfo=timezone.utc).timestamp()) // 86400


START = utc_days(2026, 1, 1)
SHIFTS = [(utc_days(2026, 3, 29) * 86400 + 3600, 7200),
          (utc_days(2026, 10, 25) * 86400 + 3600, 3600)]


class Author:
    """Writes one deal's life, keeping what it stands at so that undo can go back to it."""

    def __init__(self, rng, number):
        self.rng, self.number, self.mutation = rng, number, number * 1000
        self.events, self.stack = [], []
        self.state = {"pipeline": "sales", "stage": None, "status": OPEN,
                      "owner": rng.choice([1, 2, 3, 4, None]), "closed": None}
        self.now = (START + rng.randrange(300)) * DAY + rng.randrange(DAY)
        self.known = rng.random() > 0.06

    def wait(self):
        rng = self.rng
        self.now += rng.choice([0, 1, 3600000, DAY, 3 * DAY, 17 * DAY]) + rng.randrange(DAY)
        if rng.random() < 0.25:  # to a local midnight, give or take a second
            midnight = (self.now // DAY) * DAY - rng.choice([3600000, 7200000])
            self.now = max(self.now, midnight + DAY + rng.choice([-1000, -1, 0, 1, 1000]))

    def write(self, what, field=None, undoes=None, same=False):
        """same: of the mutation before, as the stands of one import are."""
        self.mutation += not same
        at = self.now if self.known else None
        late = self.rng.random() < 0.1
        s = self.state
        self.events.append({
            "what": what, "field": field, "pipeline": s["pipeline"], "stage": s["stage"],
            "status": s["status"], "owner": s["owner"], "happened": at,
            "recorded": self.now + (40 * DAY if late else 500), "mutation": self.mutation,
            "undoes": undoes})

    def change(self, what=STAGE, field=None, **state):
        before = dict(self.state)
        self.state.update(state)
        if state.get("status") in (WON, LOST, DISCARDED):
            self.state["closed"] = self.now if self.known else None
        elif "status" in state:
            self.state["closed"] = None
        self.write(what, field)
        self.stack.append((self.mutation, what, field, before, dict(self.state)))

    def undo(self):
        mutation, what, field, before, after = self.stack.pop()
        owner = self.state["owner"]
        self.state = dict(before)
        if what != FIELD:
            self.state["owner"] = owner
        self.write(what if what == FIELD else STAGE, field, mutation)
        if self.rng.random() < 0.3:  # and back again
            undoing = self.mutation
            self.wait()
            self.state = dict(after)
            if what != FIELD:
                self.state["owner"] = owner
            self.write(what if what == FIELD else STAGE, field, undoing)
            self.stack.append((mutation, what, field, before, after))
        return True

    def import_past(self):
        """Where it stood elsewhere: a few stands, each at a known time or not."""
        rng = self.rng
        ends = [key for key, what in PIPELINES["sales"] if what in ("won", "lost")]
        for n in range(rng.randrange(1, 5)):
            self.state.update(stage=rng.choice(["lead", "contact", "qualification", "proposal"]),
                              status=rng.choice([OPEN, OPEN, OPEN, ICED]), closed=None)
            self.known = rng.random() > 0.2
            self.write(IMPORTED, same=n > 0)
            self.wait()
        if rng.random() < 0.6:
            self.known = rng.random() > 0.2
            stage = rng.choice(ends)
            self.state.update(stage=stage, status=WON if stage == "won" else LOST,
                              closed=self.now if self.known else None)
            self.write(IMPORTED, same=rng.random() < 0.8)
        self.known = True
        self.stack = [(self.mutation, IMPORTED, None, dict(self.state), dict(self.state))]

    def delete(self):
        """Gone, and either that is taken back or something else begins under the same id."""
        rng = self.rng
        self.write(DELETED, undoes=rng.choice([None, self.events[0]["mutation"]]))
        deletion = self.mutation
        self.wait()
        if rng.random() < 0.5:
            self.write(CREATED, undoes=deletion)
            return
        self.state.update(pipeline="sales", status=OPEN, closed=None)
        if rng.random() < 0.5:
            self.import_past()
        else:
            self.stack = []
            self.change(CREATED, stage=rng.choice(["lead", "contact"]))

    def step(self):
        rng, s = self.rng, self.state
        stages = PIPELINES[s["pipeline"]]
        proper = [key for key, what in stages if what == "open"]
        won = next(key for key, what in stages if what == "won")
        lost = next(key for key, what in stages if what == "lost")
        self.wait()
        dice = rng.random()
        if dice < 0.03:
            self.delete()
        elif dice < 0.12 and len(self.stack) > 1:
            self.undo()
        elif dice < 0.20:
            self.change(FIELD, "owner", owner=rng.choice([1, 2, 3, 4]))
        elif s["status"] in (WON, LOST, DISCARDED):
            if dice < 0.45:
                self.change(stage=rng.choice(proper), status=OPEN)
            elif dice < 0.60 and s["status"] != DISCARDED:
                closed = self.now - rng.randrange(60) * DAY
                self.change(FIELD, "closed_at", closed=rng.choice([closed, closed, None]))
        elif s["status"] == ICED:
            if dice < 0.7:
                self.change(status=OPEN)
            elif dice < 0.8:
                self.change(stage=lost, status=LOST)
        elif dice < 0.30:
            self.change(status=ICED)
        elif dice < 0.34 and kind(s["pipeline"], s["stage"]) == "lead":
            self.change(status=DISCARDED)
        elif dice < 0.38 and s["pipeline"] == "sales":
            self.change(pipeline="renewal", stage="talk")
        elif dice < 0.50:
            self.change(stage=lost, status=LOST)
        elif dice < 0.66:
            self.change(stage=won, status=WON)
        else:
            self.change(stage=rng.choice(proper))

    def deal(self):
        rng = self.rng
        if rng.random() < 0.2:
            self.import_past()
        else:
            self.change(CREATED, stage=rng.choice(["lead", "contact", "contact", "qualification"]))
            self.known = True  # only the beginning of an import is unknown
        for _ in range(rng.randrange(9)):
            self.step()
        value = None if rng.random() < 0.1 else rng.choice([0, 1, 99, rng.randrange(10 ** 7)])
        s = self.state
        return {"id": self.number, "pipeline": s["pipeline"], "stage": s["stage"],
                "status": s["status"], "owner": s["owner"], "value": value,
                "currency": rng.choice(["EUR", "EUR", "EUR", "PLN", "USD"]),
                "source": rng.choice([None, "web", "fair", "referral"]),
                "closed": s["closed"], "events": self.events}


def imported(rng, number):
    """A closed deal of which nothing but its end is known."""
    status, stage = rng.choice([(WON, "won"), (LOST, "lost")])
    closed = None if rng.random() < 0.2 else (START + rng.randrange(365)) * DAY + 12 * 3600000
    owner = rng.choice([1, 2, 3, 4])
    return {"id": number, "pipeline": "sales", "stage": stage, "status": status, "owner": owner,
            "value": rng.randrange(10 ** 6), "currency": "EUR", "closed": closed, "source": None,
            "events": [{"what": IMPORTED, "field": None, "pipeline": "sales", "stage": stage,
                        "status": status, "owner": owner, "happened": closed,
                        "recorded": (START + 300) * DAY, "mutation": number * 1000 + 1,
                        "undoes": None}]}


def team_make(seed):
    """Every tenth is large; the others are small enough for many, and for groups of none and one."""
    rng = random.Random(seed)
    size = 300 + seed % 100 if seed % 10 == 0 else rng.randrange(70)
    deals = [Author(rng, n + 1).deal() if rng.random() > 0.1 else imported(rng, n + 1)
             for n in range(size)]
    activities = [{"type": rng.randrange(1, 6), "owner": rng.choice([1, 2, 3, 4]),
                   "happened": None if rng.random() < 0.05 else
                   (START + rng.randrange(365)) * DAY + rng.randrange(DAY)}
                  for _ in range(2 * size // 3)]
    return {"zone": Zone(3600, SHIFTS), "deals": deals, "activities": activities,
            "lives": [Life(deal) for deal in deals]}


def periods():
    month = [utc_days(2026, m, 1) for m in range(1, 13)] + [utc_days(2027, 1, 1)]
    quarter = month[::3]
    summer, winter = utc_days(2026, 3, 29), utc_days(2026, 10, 25)
    return [ALL, (month[0], month[12])] + list(zip(quarter, quarter[1:])) + \
        list(zip(month, month[1:])) + [(summer, summer + 1), (winter, winter + 1)]


def questions(rng):
    """Each report over everything, and over others of its kind drawn by lot."""
    spans = periods()
    for name in REPORTS:
        for period in [ALL] + rng.sample(spans, 5):
            yield {"report": name, "by": rng.randrange(4) if name == "winrate" else 0,
                   "from": period[0], "to": period[1],
                   "currency": rng.choice(["EUR", "EUR", "PLN", "USD"]),
                   "owner": rng.choice([None, None, 1, 2]),
                   "pipeline": rng.choice([None, None, "sales", "renewal"])}


# --- the engine's answer ---

def word(value):
    return "-" if value is None else str(value)


def team_lines(team):
    yield "zone\t%d" % team["zone"].first
    for at, offset in team["zone"].shifts:
        yield "shift\t%d\t%d" % (at, offset)
    for d in team["deals"]:
        created = d["events"][0]["happened"] if d["events"][0]["what"] == CREATED else None
        yield "\t".join(word(x) for x in (
            "deal", d["id"], d["pipeline"], d["stage"], d["status"], d["owner"], d["value"],
            d["currency"], created, d["closed"], d["source"]))
        for e in d["events"]:
            yield "\t".join(word(x) for x in (
                "event", d["id"], e["what"], e["field"], e["pipeline"], e["stage"], e["status"],
                e["owner"], e["happened"], e["recorded"], e["mutation"], e["undoes"]))
    for a in team["activities"]:
        yield "\t".join(word(x) for x in ("activity", a["type"], a["owner"], a["happened"]))


def question_line(q, shuffle):
    as_of = (START + 400) * DAY
    return "\t".join(word(x) for x in ("report", q["report"], q["by"], q["from"], q["to"], as_of,
                                       q["currency"], q["owner"], q["pipeline"], shuffle))


def answers_read(text):
    rows, notes = [], []
    for line in text.splitlines():
        parts = line.split("\t")
        if parts[0] == "row":
            cells = dict(p.split("=", 1) for p in parts[2:])
            rows.append((parts[1], {k: v if v == "n/a" else int(v) for k, v in cells.items()}))
        elif parts[0] == "notes":
            notes = dict(zip(COUNTED_NOTES, map(int, parts[1:])))
        elif parts[0] == "end":
            yield rows, notes
            rows = []


def compare(seed, q, ours, theirs):
    rows, notes = theirs
    wanted = ours.rows + ([("total", ours.total)] if ours.total else [])
    problems = []
    if [key for key, _ in wanted] != [key for key, _ in rows]:
        problems.append("rows %s, not %s" % ([k for k, _ in rows], [k for k, _ in wanted]))
    for (key, mine), (_, engine) in zip(wanted, rows):
        for figure in sorted(set(mine) | set(engine)):
            if mine.get(figure) != engine.get(figure):
                problems.append("%s of %s is %s, not %s" % (figure, key, engine.get(figure),
                                                            mine.get(figure)))
    for name in COUNTED_NOTES:
        if notes[name] != ours.notes[name]:
            problems.append("note %s is %d, not %d" % (name, notes[name], ours.notes[name]))
    for problem in problems:
        print("seed %d, %s: %s" % (seed, q, problem))
    return len(problems), sum(len(cells) for _, cells in rows)


def check(program, seeds):
    wrong = figures = 0
    for seed in seeds:
        team = team_make(seed)
        asked = list(questions(random.Random(seed)))
        lines = list(team_lines(team))
        for shuffle in (0, 1, 2):
            lines += [question_line(q, shuffle) for q in asked]
        done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True,
                              text=True, check=False)
        if done.returncode:
            sys.exit("%s failed on seed %d:\n%s" % (program, seed, done.stderr))
        answers = list(answers_read(done.stdout))
        assert len(answers) == 3 * len(asked)
        for i, q in enumerate(asked):
            ours = Figures(team, q)
            REPORTS[q["report"]](ours)
            bad, compared = compare(seed, q, ours, answers[i])
            wrong, figures = wrong + bad, figures + compared
            for again in (answers[i + len(asked)], answers[i + 2 * len(asked)]):
                if again != answers[i]:
                    print("seed %d, %s: differs with the order of feeding" % (seed, q))
                    wrong += 1
    print("%d figures of %d seeds compared, %d wrong" % (figures, len(seeds), wrong))
    return 1 if wrong or not figures else 0


# --- what a copy exports ---

def instant(text):
    if text is None:
        return None
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000 + 0.5)


STATUSES = {"open": OPEN, "won": WON, "lost": LOST, "iced": ICED, "discarded": DISCARDED}
WHATS = {"created": CREATED, "stage": STAGE, "field": FIELD, "deleted": DELETED,
         "imported": IMPORTED}


def export_read(path):
    """A team as `sluice export --json` has it, in UTC; owners by name."""
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    deals, by_id = [], {}
    for d in whole["deals"]:
        deal = {"pipeline": d["pipeline"], "stage": d["stage"], "status": STATUSES[d["status"]],
                "owner": d["owner"], "currency": d["currency"], "closed": instant(d["closed_at"]),
                "source": d["source"],
                "value": None if d["value"] is None else round(Fraction(d["value"]) * 100),
                "events": []}
        deals.append(deal)
        by_id[d["id"]] = deal
    for e in whole["events"]:
        if e["subject"] in by_id and e["what"] in WHATS:
            by_id[e["subject"]]["events"].append({
                "what": WHATS[e["what"]], "field": e["field"], "pipeline": e["pipeline"],
                "stage": e["to_stage"], "status": STATUSES.get(e["to_status"]),
                "owner": e["owner"], "happened": instant(e["happened_at"]),
                "recorded": instant(e["recorded_at"]), "mutation": e["mutation"],
                "undoes": e["undoes"]})
    return {"zone": Zone(0, []), "deals": deals, "activities": [],
            "lives": [Life(deal) for deal in deals]}


def printed(figure, value):
    """As `sluice report --json` has it; money of currencies with two places."""
    if value == "n/a":
        return None
    if figure.startswith(("time_", "cycle_")):
        return "%.1f" % (half_even(Fraction(value * 10, DAY)) / 10)
    if figure.endswith("_value") and figure != "win_rate_value" or \
            figure in ("win_rate", "win_rate_value", "failed", "conversion", "conversion_decided"):
        return "%d.%02d" % divmod(value, 100)
    return str(value)


def day_number(text):
    return datetime.fromisoformat(text + "T00:00:00+00:00").timestamp() // 86400


def export_check(path, report, currency, against, start=None, end=None, pipeline=None):
    """Figures of what a copy exports, against what it reports."""
    globals()["owner_key"] = lambda owner: owner or "none"
    team = export_read(path)
    f = Figures(team, {"report": report, "by": 0, "from": day_number(start) if start else ALL[0],
                       "to": day_number(end) if end else ALL[1],
                       "currency": currency, "owner": None, "pipeline": pipeline})
    REPORTS[report](f)
    with open(against, encoding="utf-8") as file:
        told = json.load(file, parse_float=str)
    engine = {row.get("owner") or row["key"]: row for row in told["rows"]}
    if told["totals"]:
        engine["total"] = told["totals"]
    wrong = figures = 0
    for key, mine in f.rows + ([("total", f.total)] if f.total else []):
        for figure in sorted(mine):
            if figure in ("calls", "mails_out", "mails_in", "meetings", "notes"):
                continue
            theirs = engine[key][figure]
            theirs = None if theirs is None else str(theirs)
            figures += 1
            if theirs != printed(figure, mine[figure]):
                print("%s: %s of %s is %s, not %s" % (report, figure, key, theirs,
                                                      printed(figure, mine[figure])))
                wrong += 1
    print("%d figures of %s compared, %d wrong" % (figures, report, wrong))
    return 1 if wrong or not figures or len(engine) != len(f.rows) + bool(f.total) else 0


def main(arguments):
    if arguments[:1] == ["--export"]:
        return export_check(*arguments[1:])
    if len(arguments) < 2:
        sys.exit(__doc__)
    seeds = []
    for word in arguments[1:]:
        first, _, last = word.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return check(arguments[0], seeds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
