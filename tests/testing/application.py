"""Code as in an application: it makes its own clients, one of them when it is imported."""

from datetime import datetime

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient
from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient

made_before = CampaignsClient("SG.made-before-any-test")


def send_by_the_old_client(campaign_id: int) -> str:
    return made_before.send(campaign_id).known_from


def send(campaign_id: int) -> str:
    with CampaignsClient() as campaigns:
        return campaigns.send(campaign_id).known_from


async def send_on_asyncio(campaign_id: int) -> str:
    async with AsyncCampaignsClient() as campaigns:
        return (await campaigns.send(campaign_id)).known_from


async def send_on_aiohttp(campaign_id: int) -> str:
    async with AiohttpCampaignsClient() as campaigns:
        return (await campaigns.send(campaign_id)).known_from


def schedule(campaign_id: int, send_at: datetime) -> None:
    with CampaignsClient() as campaigns:
        campaigns.schedule(campaign_id, send_at)
