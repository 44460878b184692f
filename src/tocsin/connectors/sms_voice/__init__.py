"""Text messages and phone calls, in the shape of Twilio's API."""
