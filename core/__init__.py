"""What the bot is about, whoever asks: instances at Novita, their leases, what they cost and what happens to them."""
