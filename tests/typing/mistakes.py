"""A user's mistakes. Type checkers report each line that ends in a comment with `says`, in words that hold the rest."""

import asyncio

from sendgrid_campaigns import AsyncCampaignsClient, Campaign, CampaignsClient, SendReceipt, SingleSendsClient
from sendgrid_campaigns import Foo as Foo  # says "Foo"


def sync(campaigns: CampaignsClient) -> None:
    campaigns.create("A title", sbject="News")  # says "sbject"
    campaigns.create("A title", sender_id="124451")  # says "int | None"
    campaigns.create(subject="News")  # says "title"
    campaigns.update(4900, senderid=124451)  # says "senderid"
    campaigns.update(4900, editor="code")  # says "editor"
    campaigns.send("4900")  # says "int"
    campaigns.send(4900, check=True)  # says "check"
    campaigns.schedule(4900, 1_900_000_000)  # says "datetime"
    campaigns.on_behalf_of("acme", account_id="A1")  # says on_behalf_of
    campaigns.on_behalf_of()  # says on_behalf_of
    campaigns.get(4900).status = "Sent"  # says "status"
    print(campaigns.get(4900).state)  # says "state"


def single_sends(client: SingleSendsClient) -> None:
    client.create("A name", sbject="News")  # says "sbject"
    client.create("A name", email_config={"sbject": "News"})  # says "sbject"
    client.create("A name", send_to={"list_ids": [110]})  # says "str"
    client.update("27c2", email_config={"ip_pool": None})  # says "None"
    client.ensure_sent(4900)  # says "str"
    client.ensure_sent("27c2", within="2 min")  # says "float"
    print(client.get("27c2").email_config.subject)  # says "None"


async def awaiting(campaigns: AsyncCampaignsClient) -> None:
    campaigns.send(4900)  # says used
    print(campaigns.send(4900).status)  # says Coroutine
    await campaigns.create("A title", sbject="News")  # says "sbject"
    campaigns.on_behalf_of("acme", account_id="A1")  # says on_behalf_of
    print(list(campaigns.iterate()))  # says "AsyncIterator[Campaign]"
    pair: tuple[Campaign, Campaign] = await asyncio.gather(campaigns.get(1), campaigns.send(1))  # says Campaign]
    print(pair)


class Careful(CampaignsClient):
    def send(self, campaign_id: int, *, really: bool) -> SendReceipt:  # says "send"
        return super().send(campaign_id)
