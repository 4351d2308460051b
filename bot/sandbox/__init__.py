"""A make-believe Slack and Novita with the real bot between them."""
