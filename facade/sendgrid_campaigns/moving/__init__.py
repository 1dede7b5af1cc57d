"""Moving legacy campaigns to Single Sends."""
