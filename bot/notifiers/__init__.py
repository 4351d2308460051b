"""Who tells people in Slack what happened: the story of an instance, and the alarms of the admins."""
