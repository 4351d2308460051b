"""What people see in Slack, drawn from records and words."""
