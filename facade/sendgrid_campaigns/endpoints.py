"""The eleven endpoints: the generated module of each, and what cannot be read off it. No URL stands here."""

from sendgrid_campaigns.exchange import Endpoint
from sendgrid_campaigns_api import models as wire
from sendgrid_campaigns_api.api.campaigns import (
    create_campaign,
    delete_campaign,
    get_campaign,
    get_campaign_schedule,
    list_campaigns,
    reschedule_campaign,
    schedule_campaign,
    send_campaign,
    send_test_campaign,
    unschedule_campaign,
    update_campaign,
)

CREATE = Endpoint(module=create_campaign, body=wire.CreateCampaignRequest, success=(201,))
LIST = Endpoint(module=list_campaigns, success=(200,), largest_body=64 * 2**20)
GET = Endpoint(module=get_campaign, success=(200,))
UPDATE = Endpoint(module=update_campaign, body=wire.UpdateCampaignRequest, success_with_body=(200,))
DELETE = Endpoint(module=delete_campaign, success=(204,))
SCHEDULE = Endpoint(module=schedule_campaign, body=wire.ScheduleRequest, success=(201,), success_with_body=(200,))
RESCHEDULE = Endpoint(module=reschedule_campaign, body=wire.ScheduleRequest, success_with_body=(200,))
GET_SCHEDULE = Endpoint(module=get_campaign_schedule, success=(200,))
UNSCHEDULE = Endpoint(module=unschedule_campaign, success=(204,))
SEND = Endpoint(module=send_campaign, success=(201,))
SEND_TEST = Endpoint(module=send_test_campaign, body=wire.SendTestRequest, success=(201, 204))
