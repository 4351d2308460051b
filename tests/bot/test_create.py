"""A person creates an instance: the real bot over signed HTTP."""

from __future__ import annotations

from tests.bot.house import GPU, open_house


async def test_a_person_creates_a_gpu_and_watches_it_run_in_one_thread(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.out_of_stock_at_create("AS-SGP-02")
        modal = await house.modal()
        await modal.fill("name", "train-1")
        result = await modal.submit()
        assert result.updated, result
        outcome = await house.outcome("Created")
        novita_id = next(iter(house.novita.instances))
        assert novita_id in outcome.text()
        assert "CN-HK-01" in outcome.text()
        assert "AS-SGP-02" in outcome.text(), "the region that refused is named"
        assert GPU in outcome.text()
        card = await house.card("is running")
        await house.slack.wait_until(lambda: len(house.replies(card)) == 2)
        created, running = house.replies(card)
        assert "AS-SGP-02: no free GPU there right now" in created
        assert "is running" in running
        assert len(house.slack.person("bo").messages("gpu")) == 1, "one card, one thread"
        assert house.slack.problems == []
