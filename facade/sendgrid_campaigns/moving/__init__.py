"""Moving legacy campaigns to Single Sends: a plan that changes nothing, and the draft that the plan makes."""

from sendgrid_campaigns.moving.plan import Carried, Difference, Moved, Plan, Problem, move
from sendgrid_campaigns.moving.tags import Change

__all__ = ["Carried", "Change", "Difference", "Moved", "Plan", "Problem", "move"]
