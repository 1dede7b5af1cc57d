"""A web service that sends campaigns: one client for all requests, and errors as JSON.

With SENDGRID_API_KEY in the environment: uvicorn fastapi_app:app
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from sendgrid_campaigns import AsyncCampaignsClient, SendGridError, SendReceipt


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncCampaignsClient() as app.state.campaigns:  # the key comes from SENDGRID_API_KEY
        yield


def campaigns(request: Request) -> AsyncCampaignsClient:
    client: AsyncCampaignsClient = request.app.state.campaigns
    return client


app = FastAPI(lifespan=lifespan)


@app.post("/campaigns/{campaign_id}/send")
async def send(campaign_id: int, campaigns: Annotated[AsyncCampaignsClient, Depends(campaigns)]) -> SendReceipt:
    return await campaigns.send(campaign_id)


@app.exception_handler(SendGridError)
async def failed(request: Request, error: SendGridError) -> JSONResponse:
    # A 503 invites to try again: never for a campaign that may have been sent.
    status = 500 if error.may_have_been_applied else 503 if error.temporary else 409
    return JSONResponse(error.to_dict(), status)
