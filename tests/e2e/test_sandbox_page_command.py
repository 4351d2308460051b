"""`gpu-bot sandbox` says where its page is, and the page is there."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[2]


async def test_the_command_names_an_address_where_the_page_answers() -> None:
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "sandbox", "--no-open", "--port", "0", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert command.stdout
        shown = (await command.stdout.readuntil(b"The page is at ")) + await command.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", shown.decode())
        assert address, shown
        async with aiohttp.ClientSession() as http, http.get(address[0]) as response:
            assert response.status == 200
            assert "gpu-bot sandbox" in await response.text()
    finally:
        command.send_signal(signal.SIGINT)
        await command.communicate()
    assert command.returncode == 0
