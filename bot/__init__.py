"""GPUs from Slack: the processes, and all that speaks to people and programs."""
