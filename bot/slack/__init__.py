"""Speaks Slack, and knows no GPU: calls, errors, ids, the manifest, Socket Mode."""
