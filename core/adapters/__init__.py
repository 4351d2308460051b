"""Who is spoken to: Novita, Redis, webhooks, the environment."""
