"""Editors that ask jedi complete what a user types, behind every way to a client and to a result."""

from dataclasses import fields

import jedi
import pytest

from sendgrid_campaigns import Campaign, CampaignsClient, CheckResult, Outcome, Schedule, SendReceipt

IMPORTS = "from sendgrid_campaigns import *\n"
SYNC = "c = CampaignsClient()\n"
WITH = "with CampaignsClient() as c:\n    "
ASYNC = "async def main():\n    async with AsyncCampaignsClient() as c:\n        "


def completed(code: str) -> set[str]:
    code = IMPORTS + code
    script = jedi.Script(code, environment=jedi.InterpreterEnvironment())
    return {each.name for each in script.complete()}


def field_names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)} | {"to_dict"}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (SYNC + "c.get(1).", Campaign),
        (SYNC + "c.create('A title', subject='News').", Campaign),
        (SYNC + "c.list()[0].", Campaign),
        (SYNC + "for campaign in c.iterate():\n    campaign.", Campaign),
        (SYNC + "c.check(1).", CheckResult),
        (SYNC + "c.outcome(1).", Outcome),
        (WITH + "c.send(1).", SendReceipt),
        (WITH + "c.on_behalf_of('acme').send(1).", SendReceipt),
        (WITH + "c.schedule(1, when).", Schedule),
        (ASYNC + "receipt = await c.send(1)\n        receipt.", SendReceipt),
        (ASYNC + "(await c.on_behalf_of(account_id='A1').send(1)).", SendReceipt),
        (ASYNC + "async for campaign in c.iterate():\n            campaign.", Campaign),
    ],
)
def test_results(code: str, kind: type) -> None:
    assert completed(code) >= field_names(kind)


@pytest.mark.parametrize("code", [SYNC + "c.", WITH + "c.", SYNC + "c.on_behalf_of('acme').", ASYNC + "c."])
def test_operations(code: str) -> None:
    operations = {name for name, value in vars(CampaignsClient).items() if callable(value) and name[0] != "_"}
    assert len(operations) >= 16
    assert completed(code) >= operations | {"on_behalf_of", "aclose" if code.startswith(ASYNC) else "close"}
