"""An organization and its people, from the organization's Log."""

from __future__ import annotations

from datetime import datetime

from channels_app.mail import Address
from channels_app.mirror.rebuild.reading import Event, Log
from channels_app.mirror.rebuild.replay import LOST, moment
from workspace.events import log as event_log
from workspace.events.log import Entry
from workspace.events.models import Stream
from workspace.people.models import Organization, Person, Role


class People:
    """Replays the Log of an organization, and makes a row for whoever is named elsewhere and not there."""

    def __init__(self, slug: str, found: Log) -> None:
        self.by_id: dict[str, Person] = {}
        self.entries: list[Entry] = []
        self._names: dict[str, list[tuple[datetime, str]]] = {}
        first = next((event for event in found.events.values() if event["kind"] == "org.created"), None)
        at = moment(found.events[min(found.events)]["at"])
        self.org = Organization(id=found.stream.partition(":")[2], slug=slug, name=slug, created_at=at)
        if first is not None:
            self.org.name = first["payload"]["org"]["name"]
            self.org.settings = first.get("facts", {}).get("settings", {})
        for seq in range(1, max(found.events) + 1):
            self._happen(seq, found.events.get(seq))
        self.ids_by_email = {person.email.lower(): person.id for person in self.by_id.values()}

    def _happen(self, seq: int, event: Event | None) -> None:
        if event is None:
            at = self.entries[-1].at if self.entries else self.org.created_at
            self.entries.append(Entry(self.org.stream, seq, LOST, None, "import", {}, at))
            return
        at = moment(event["at"])
        entry = Entry(self.org.stream, seq, event["kind"], event["actor"], event["origin"], event["payload"], at)
        self.entries.append(entry)
        if event["kind"] in ("member.joined", "member.changed"):
            self._set(event["payload"]["person"], at)
        elif event["kind"] == "org.changed":
            self.org.settings = {**self.org.settings, "guest_invites": event["payload"]["org"]["guest_invites"]}
        elif event["kind"] == "member.left" and event["payload"]["person"] in self.by_id:
            self.by_id[event["payload"]["person"]].active = False

    def _set(self, shape: dict[str, object], at: datetime) -> None:
        id = str(shape["id"])
        person = self.by_id.setdefault(id, Person(id=id, org=self.org, created_at=at))
        for name in ("name", "email", "role", "handle", "active"):
            setattr(person, name, shape[name])
        self._names.setdefault(id, []).append((at, person.name))

    def name_at(self, id: str, at: datetime, otherwise: str) -> str:
        """What somebody was called at a moment: events keep the name of their time."""
        known = [name for since, name in self._names.get(id, ()) if since <= at]
        return known[-1] if known else otherwise

    def write(self) -> None:
        """Write the rows and the organization's events."""
        self.org.save(force_insert=True)
        Person.objects.bulk_create(self.by_id.values())
        streams = [Stream(key=person.stream, org=self.org.id) for person in self.by_id.values()]
        Stream.objects.bulk_create([*streams, Stream(key=self.org.stream, org=self.org.id, head=len(self.entries))])
        event_log.insert(self.entries)

    def ensure(self, id: str, address: Address | None = None) -> Person:
        """The person with this id; somebody the Log lost comes back as a former member."""
        if id not in self.by_id:
            email = address.email.lower() if address and address.email else f"{id.lower()}@invalid"
            if email in self.ids_by_email:
                email = f"{id.lower()}@invalid"
            name = (address.name if address else "") or "Somebody"
            person = Person(id=id, org=self.org, name=name, email=email, handle=id.lower(), role=Role.MEMBER)
            person.active = False
            person.save(force_insert=True)
            Stream.objects.create(key=person.stream, org=self.org.id)
            self.by_id[id] = person
        return self.by_id[id]
