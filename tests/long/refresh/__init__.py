"""No token is ever lost: processes are killed, stopped and raced, and the provider's own count is the judge."""
